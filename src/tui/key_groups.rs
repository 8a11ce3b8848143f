//! Key bindings in groups, for `sockwatch help keys`.

use super::command::Command;
use super::keymap::KeyMap;

/// Groups of commands, in the order of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyGroup {
    Screens,
    Navigation,
    Filters,
    Tables,
    Time,
    Output,
    Program,
}

impl KeyGroup {
    const ALL: [KeyGroup; 7] = [
        KeyGroup::Screens,
        KeyGroup::Navigation,
        KeyGroup::Filters,
        KeyGroup::Tables,
        KeyGroup::Time,
        KeyGroup::Output,
        KeyGroup::Program,
    ];

    fn title(self) -> &'static str {
        match self {
            KeyGroup::Screens => "SCREENS",
            KeyGroup::Navigation => "NAVIGATION",
            KeyGroup::Filters => "FILTERS AND FINDINGS",
            KeyGroup::Tables => "TABLES",
            KeyGroup::Time => "TIME",
            KeyGroup::Output => "RECORDING AND COPYING",
            KeyGroup::Program => "ACTIONS AND SETTINGS",
        }
    }

    fn of(command: Command) -> KeyGroup {
        match command {
            Command::GoTo(_) | Command::NextScreen | Command::PreviousScreen => KeyGroup::Screens,
            Command::Down
            | Command::Up
            | Command::Right
            | Command::Left
            | Command::PageDown
            | Command::PageUp
            | Command::First
            | Command::Last
            | Command::Open
            | Command::Back
            | Command::Owner
            | Command::OtherEnd
            | Command::OtherProcess
            | Command::PickNamespace => KeyGroup::Navigation,
            Command::Filter
            | Command::FilterBy
            | Command::Exclude
            | Command::NextStateFilter
            | Command::ClearFilter
            | Command::NextMatch
            | Command::PreviousMatch
            | Command::Findings => KeyGroup::Filters,
            Command::PickSort
            | Command::InvertSort
            | Command::NextAverage
            | Command::SortRight
            | Command::SortLeft
            | Command::HoldOrder
            | Command::PickColumns
            | Command::Widen
            | Command::Narrow
            | Command::ResetColumns
            | Command::Group
            | Command::PickGroup
            | Command::Fold
            | Command::FoldAll => KeyGroup::Tables,
            Command::Freeze
            | Command::Later
            | Command::Earlier
            | Command::Jump(_)
            | Command::FirstSample
            | Command::LastSample
            | Command::GoToTime
            | Command::NextMark
            | Command::PreviousMark
            | Command::ChangeSpeed(_)
            | Command::Mark
            | Command::Difference => KeyGroup::Time,
            Command::Record | Command::Save | Command::CopyRow | Command::CopyCell => {
                KeyGroup::Output
            }
            Command::Kill
            | Command::Faults
            | Command::ChartWindow
            | Command::Theme
            | Command::Mouse
            | Command::Help
            | Command::Redraw
            | Command::Suspend
            | Command::Close
            | Command::Quit => KeyGroup::Program,
        }
    }
}

/// Returns the title of each group with its keys and what each does; commands without a key are left out.
pub fn key_groups(map: &KeyMap) -> Vec<(&'static str, Vec<(&str, &'static str)>)> {
    let mut groups = Vec::new();
    for group in KeyGroup::ALL {
        let bound = map.commands().iter();
        let members = bound.filter(|bound| KeyGroup::of(bound.binding.command) == group);
        let lines = members.map(|bound| (&*bound.label, bound.binding.about));
        let lines: Vec<_> = lines.filter(|(label, _)| !label.is_empty()).collect();
        if !lines.is_empty() {
            groups.push((group.title(), lines));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binding_is_in_one_group_and_no_group_is_empty() {
        let map = KeyMap::default();
        let groups = key_groups(&map);
        let sizes: Vec<usize> = groups.iter().map(|(_, keys)| keys.len()).collect();
        assert_eq!(sizes.iter().sum::<usize>(), map.commands().len());
        assert!(sizes.iter().all(|size| *size > 0), "{sizes:?}");
    }
}
