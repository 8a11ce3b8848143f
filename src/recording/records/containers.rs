//! Containers by the path of a cgroup: a table of paths, each with the facts of its container.

use std::sync::Arc;

use super::field::{Field, FieldReader, FieldWriter, record};
use crate::model::{Container, Pod, Runtime, Sample};
use crate::recording::error::Corrupt;
use crate::recording::varint::put_varint;

/// Maximum number of containers around one. Decoding a recording must not exhaust the stack.
const MAX_DEPTH: usize = 8;

record!(Pod {
    namespace,
    name,
    uid,
});

/// Encoded as a number, or 0 for none. A runtime of a later version is none.
impl Field for Option<Runtime> {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        let number = self.map_or(0, |runtime| match runtime {
            Runtime::Docker => 1,
            Runtime::Podman => 2,
            Runtime::Containerd => 3,
            Runtime::CriO => 4,
            Runtime::Lxc => 5,
            Runtime::Nspawn => 6,
            Runtime::Machine => 7,
        });
        put_varint(writer.out, number);
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        Ok(match reader.bytes.varint()? {
            1 => Some(Runtime::Docker),
            2 => Some(Runtime::Podman),
            3 => Some(Runtime::Containerd),
            4 => Some(Runtime::CriO),
            5 => Some(Runtime::Lxc),
            6 => Some(Runtime::Nspawn),
            7 => Some(Runtime::Machine),
            _ => None,
        })
    }
}

// Bits of the flags.
const HAS_POD: u64 = 1;
const HAS_OUTER: u64 = 2;

fn encode_container(container: &Container, depth: usize, writer: &mut FieldWriter<'_>) {
    let Container {
        runtime,
        id,
        name,
        image,
        project,
        service,
        pod,
        outer,
    } = container;
    let outer = outer.as_ref().filter(|_| depth < MAX_DEPTH);
    let flag = |is_set: bool, flag: u64| if is_set { flag } else { 0 };
    put_varint(
        writer.out,
        flag(pod.is_some(), HAS_POD) | flag(outer.is_some(), HAS_OUTER),
    );
    runtime.encode(writer);
    id.encode(writer);
    for text in [name, image, project, service] {
        text.encode(writer);
    }
    if let Some(pod) = pod {
        pod.encode(writer);
    }
    if let Some(outer) = outer {
        encode_container(outer, depth + 1, writer);
    }
}

fn decode_container(
    reader: &mut FieldReader<'_, '_>,
    depth: usize,
) -> Result<Arc<Container>, Corrupt> {
    if depth > MAX_DEPTH {
        return Err(Corrupt("containers nested too deeply"));
    }
    reader.budget.spend(size_of::<Container>())?;
    let flags = reader.bytes.varint()?;
    Ok(Arc::new(Container {
        runtime: Field::decode(reader)?,
        id: Field::decode(reader)?,
        name: Field::decode(reader)?,
        image: Field::decode(reader)?,
        project: Field::decode(reader)?,
        service: Field::decode(reader)?,
        pod: match flags & HAS_POD {
            0 => None,
            _ => Some(Field::decode(reader)?),
        },
        outer: match flags & HAS_OUTER {
            0 => None,
            _ => Some(decode_container(reader, depth + 1)?),
        },
    }))
}

/// Encodes the containers of a Sample; nothing if it has none.
pub(in crate::recording) fn encode_containers(sample: &Sample, writer: &mut FieldWriter<'_>) {
    if sample.containers.is_empty() {
        return;
    }
    put_varint(writer.out, sample.containers.len() as u64);
    for (path, container) in &sample.containers {
        path.encode(writer);
        encode_container(container, 0, writer);
    }
}

/// Decodes the containers of a frame into a Sample.
pub(in crate::recording) fn decode_containers(
    reader: &mut FieldReader<'_, '_>,
    sample: &mut Sample,
) -> Result<(), Corrupt> {
    if reader.bytes.is_empty() {
        return Ok(());
    }
    for _ in 0..reader.bytes.count()? {
        let path = Field::decode(reader)?;
        let container = decode_container(reader, 0)?;
        sample.containers.insert(path, container);
    }
    Ok(())
}
