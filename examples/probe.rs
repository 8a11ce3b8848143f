use sockwatch::model::*;
use sockwatch::source::*;
fn main() {
    let mut source = LiveSource::new(LiveOptions::default()).unwrap();
    let mut previous = SocketTable::default();
    let mut links = RowLinks::default();
    let mut sample = Sample::default();
    for round in 0..8 {
        source.next_into(&mut sample).unwrap();
        links.update(&previous, &sample.sockets);
        let same = links
            .pages()
            .iter()
            .filter(|p| matches!(p.previous, PreviousRows::Same { .. }))
            .count();
        println!(
            "round {round}: {} rows, {} pages, {same} same, parts {} B, dump {} ms decode {} ms owners {} ms",
            sample.sockets.len(),
            links.pages().len(),
            sample.sockets.parts_len(),
            sample.timings.dump_ns / 1000000,
            sample.timings.decode_ns / 1000000,
            sample.timings.owners_ns / 1000000
        );
        let mut diffs = std::collections::BTreeMap::<String, u32>::new();
        for p in links.pages() {
            if let PreviousRows::Linked(first) = p.previous {
                for i in 0..p.rows {
                    if let Some(b) = links.previous_of(first + i) {
                        let (b, a) = (
                            previous.get(b as usize).unwrap(),
                            sample.sockets.get((p.first + i) as usize).unwrap(),
                        );
                        let mut k = vec![];
                        if b.attribution != a.attribution {
                            k.push(format!("attr {:?}->{:?}", b.attribution, a.attribution));
                        }
                        if b.holders_at != a.holders_at {
                            k.push("at".into());
                        }
                        if b.holders_len != a.holders_len {
                            k.push("len".into());
                        }
                        if b.parts().0.to_vec() != a.parts().0.to_vec() {
                            let (x, y) = (b.parts().0.to_vec(), a.parts().0.to_vec());
                            for w in 0..x.len() / 4 {
                                if x[w * 4..w * 4 + 4] != y[w * 4..w * 4 + 4]
                                    && ![11, 13, 14].contains(&w)
                                {
                                    k.push(format!("w{w}"));
                                }
                            }
                        }
                        if b.timer() != a.timer() {
                            k.push("timer".into());
                        }
                        *diffs.entry(k.join(",")).or_default() += 1;
                    } else {
                        *diffs.entry("new".into()).or_default() += 1;
                    }
                }
            }
        }
        let mut d: Vec<_> = diffs.into_iter().collect();
        d.sort_by_key(|x| std::cmp::Reverse(x.1));
        d.truncate(6);
        println!("   {d:?}");
        previous = sample.sockets.clone();
        std::thread::sleep(std::time::Duration::from_millis(800));
    }
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    for l in s
        .lines()
        .filter(|l| l.starts_with("VmRSS") || l.starts_with("RssAnon"))
    {
        println!("{l}");
    }
}
