//! The state at the start as the configuration sets it, and the names that the configuration may use.

use std::sync::Arc;
use std::time::Duration;

use super::State;
use crate::config::{CommandName, DashboardSettings, Names, TableNames};
use crate::tui::appearance::Appearance;
use crate::tui::keymap::BINDINGS;
use crate::tui::screen::Screen;
use crate::tui::table::TableControl;
use crate::tui::theme::{ColorSupport, Theme};
use crate::tui::widget::history_axis::Window;

/// The names that settings of the dashboard may use.
pub fn names() -> Names {
    let appearance = Appearance {
        theme: Theme::Plain,
        colors: ColorSupport::None,
        ascii: false,
        timezone: jiff::tz::TimeZone::UTC,
        keys: Arc::default(),
    };
    let mut state = State::new(appearance, Duration::from_secs(1));
    let mut tables = Vec::new();
    for screen in Screen::ALL {
        state.screen = screen;
        if let Some(table) = state.table().filter(|_| !state.has_panes()) {
            tables.push(table_names(screen, table));
        }
    }
    let commands = BINDINGS.iter().map(|binding| CommandName {
        name: binding.name,
        about: binding.about,
        keys: binding.keys,
    });
    Names {
        screens: Screen::ALL.map(Screen::name).to_vec(),
        themes: Theme::ALL.map(Theme::name).to_vec(),
        tables,
        commands: commands.collect(),
    }
}

fn table_names(screen: Screen, table: &dyn TableControl) -> TableNames {
    let (headings, order) = (table.headings(), table.sort_order());
    let column = headings.get(order.column).map_or("", |heading| heading.id);
    let direction = if order.descending { "desc" } else { "asc" };
    TableNames {
        name: screen.name(),
        columns: headings.iter().map(|heading| heading.id).collect(),
        sort: format!("{column}:{direction}"),
    }
}

impl State {
    /// Applies the settings of the dashboard. Names that are unknown change nothing.
    pub fn configure(&mut self, settings: &DashboardSettings) {
        self.mouse = settings.mouse;
        self.chart_window = Window::of_minutes(settings.chart_minutes).unwrap_or_default();
        for screen in Screen::ALL {
            self.screen = screen;
            let Some(table) = self.table_mut() else {
                continue;
            };
            let find = |id: &str| table.headings().iter().position(|heading| heading.id == id);
            if let Some(ids) = settings.columns.get(&screen.name()) {
                let columns: Vec<usize> = ids.iter().filter_map(|id| find(id)).collect();
                table.configure_columns(&columns);
            }
            let Some(order) = settings.sort.get(&screen.name()) else {
                continue;
            };
            let (id, direction) = match order.split_once(':') {
                Some((id, direction)) => (id, Some(direction)),
                None => (order.as_str(), None),
            };
            let column = table.headings().iter().position(|heading| heading.id == id);
            if let Some(column) = column {
                table.sort_by(column);
                let is_descending = table.sort_order().descending;
                if direction.is_some_and(|it| (it == "desc") != is_descending) {
                    table.invert_sort();
                }
            }
        }
        let mut screens = Screen::ALL.into_iter();
        let start = screens.find(|screen| screen.name() == settings.screen);
        self.screen = start.unwrap_or(Screen::Overview);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AUTO, Config};

    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_dashboard() {
        let names = names();
        assert_eq!(names.screens.len(), 8);
        assert_eq!(names.tables.len(), 6);
        let defaults = DashboardSettings::default();
        assert!(names.screens.contains(&defaults.screen));
        assert!(!names.themes.contains(&AUTO));
        assert_eq!(defaults.chart_minutes, Window::default().minutes());
    }

    #[test]
    fn the_sort_order_and_the_columns_are_those_of_the_file() {
        let text = "[dashboard]\nscreen = 'sockets'\nchart_minutes = 10\nmouse = false\n\
            [dashboard.columns]\nsockets = ['remote', 'state']\n\
            [dashboard.sort]\nsockets = 'remote:desc'\nlisteners = 'process'\n";
        let config = Config::parse(text, &names()).unwrap();
        let appearance = Appearance {
            theme: Theme::Plain,
            colors: ColorSupport::None,
            ascii: false,
            timezone: jiff::tz::TimeZone::UTC,
            keys: Arc::default(),
        };
        let mut state = State::new(appearance, Duration::from_secs(1));
        state.configure(&config.dashboard);
        assert_eq!(state.screen, Screen::Sockets);
        assert_eq!((state.chart_window.minutes(), state.mouse), (10, false));
        let id = |table: &dyn TableControl, column: usize| table.headings()[column].id;
        let table = &state.sockets as &dyn TableControl;
        let shown = table.column_choices().into_iter().filter(|choice| choice.1);
        let shown: Vec<&str> = shown.map(|(column, _)| id(table, column)).collect();
        assert_eq!(shown, ["remote", "state"]);
        assert!(!table.has_chosen_columns(), "they are the default now");
        let order = table.sort_order();
        assert_eq!(
            (id(table, order.column), order.descending),
            ("remote", true)
        );
        let table = &state.listeners as &dyn TableControl;
        let order = table.sort_order();
        assert_eq!(
            (id(table, order.column), order.descending),
            ("process", false)
        );
        // Reset shows the configured columns again.
        let table = &mut state.sockets as &mut dyn TableControl;
        table.toggle_column(0);
        assert!(table.has_chosen_columns());
        table.reset_columns();
        assert!(!table.has_chosen_columns());
    }
}
