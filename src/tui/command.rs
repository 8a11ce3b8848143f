//! The commands of the dashboard. Their keys and help are in [`keymap`](super::keymap), their actions in `update`.

use super::screen::Screen;

/// A command, given by a key or a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Close the popup or the page; without one, end the program, after a question if a recording runs.
    Close,
    /// End the program.
    Quit,
    /// Suspend the program, as Ctrl-Z does in a shell.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Show or hide the list of keys.
    Help,
    /// Show or hide the sources that could not be read.
    Faults,
    /// Go to a screen.
    GoTo(Screen),
    /// Go to the next screen.
    NextScreen,
    /// Go to the previous screen.
    PreviousScreen,
    /// Select the row below, or scroll down.
    Down,
    /// Select the row above, or scroll up.
    Up,
    /// Scroll to columns further right; where several tables are shown, focus the next one.
    Right,
    /// Scroll to columns further left; where several tables are shown, focus the previous one.
    Left,
    /// Go to the next Sample; in a live display the same as [`Command::Right`].
    Later,
    /// Go to the previous Sample; in a live display the same as [`Command::Left`].
    Earlier,
    /// Move a page down.
    PageDown,
    /// Move a page up.
    PageUp,
    /// Go to the first row.
    First,
    /// Go to the last row.
    Last,
    /// Open the selected row, or choose it.
    Open,
    /// Go back to the previous view.
    Back,
    /// Go to the process that owns the selected socket.
    Owner,
    /// Go to the socket at the other end.
    OtherEnd,
    /// Go to the process at the other end.
    OtherProcess,
    /// Type a filter or a text to search for.
    Filter,
    /// Choose a value of the row to filter by.
    FilterBy,
    /// Choose a value of the row to exclude.
    Exclude,
    /// Filter by the next TCP state that occurs, or by none.
    NextStateFilter,
    /// Clear the filter.
    ClearFilter,
    /// Destroy the socket, or send its process a signal.
    Kill,
    /// Show the findings about the row or the page.
    Findings,
    /// Go to the next Sample at which a finding is raised; in a live display the same as [`Command::NextMatch`].
    NextMark,
    /// Go to the previous such Sample; in a live display the same as [`Command::PreviousMatch`].
    PreviousMark,
    /// Select the next row that matches.
    NextMatch,
    /// Select the previous row that matches.
    PreviousMatch,
    /// Choose the column to sort by from a list.
    PickSort,
    /// Reverse the order.
    InvertSort,
    /// Order by the average of ten seconds, of a minute, or of the last interval.
    NextAverage,
    /// Sort by the column to the right.
    SortRight,
    /// Sort by the column to the left.
    SortLeft,
    /// Hold the order of rows, or release it.
    HoldOrder,
    /// Choose the columns from a list.
    PickColumns,
    /// Widen the sort column.
    Widen,
    /// Narrow the sort column.
    Narrow,
    /// Reset the columns.
    ResetColumns,
    /// Group rows by the next grouping.
    Group,
    /// Choose a network namespace to open; on the System screen, to show there.
    PickNamespace,
    /// Choose the grouping from a list.
    PickGroup,
    /// Fold or unfold a group.
    Fold,
    /// Fold or unfold all groups.
    FoldAll,
    /// Freeze the display while sampling continues, or show the present again. In a replay: play or pause.
    Freeze,
    /// Move by seconds; back if negative.
    Jump(i64),
    /// Go to the first Sample.
    FirstSample,
    /// Go to the last Sample.
    LastSample,
    /// Type a time to go to.
    GoToTime,
    /// Change the speed by steps; slower if negative.
    ChangeSpeed(isize),
    /// Mark the instant shown.
    Mark,
    /// Show the difference from the marked instant; there, switch between sockets and processes.
    Difference,
    /// Start recording, or stop.
    Record,
    /// Choose how much of the history to save to a file.
    Save,
    /// Copy the row.
    CopyRow,
    /// Copy the cell in the sort column.
    CopyCell,
    /// Let the charts span one, five or ten minutes.
    ChartWindow,
    /// Switch between themes.
    Theme,
    /// Leave the mouse to the terminal, or receive its events.
    Mouse,
}
