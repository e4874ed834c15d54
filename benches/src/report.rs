//! The results of one run, as one table or as one JSON object a line.

use crate::row::Row;

pub(crate) struct Report {
    json: bool,
    only: String,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(json: bool, only: String) -> Self {
        Self { json, only, rows: Vec::new() }
    }

    /// Whether a row of this name was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    /// Measures a row if it was asked for.
    pub(crate) fn row(&mut self, name: &str, measure: impl FnOnce(&str) -> Row) {
        if self.wants(name) {
            let row = measure(name);
            self.push(row);
        }
    }

    pub(crate) fn push(&mut self, row: Row) {
        if self.json {
            // At once, so that a long run that is stopped was not in vain.
            println!("{}", row.json());
        }
        self.rows.push(row);
    }

    pub(crate) fn print(&self) {
        if !self.json {
            print!("{}", self.table());
        }
    }

    /// The table as Markdown, aligned to be read as it is. Columns that no row uses are left out.
    pub(crate) fn table(&self) -> String {
        let head = Row::COLUMNS.map(str::to_owned);
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        let mut lines = vec![String::from("|"); rows.len() + 2];
        for (column, title) in head.iter().enumerate() {
            let of = |row: &[String; Row::COLUMNS.len()]| row.get(column).cloned().unwrap_or_default();
            let cells: Vec<_> = rows.iter().map(of).collect();
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let width = |text: &String| text.chars().count();
            let widest = cells.iter().map(width).max().unwrap_or_default().max(width(title));
            let rule = if column == 0 { "-".repeat(widest) } else { "-".repeat(widest - 1) + ":" };
            for (line, cell) in lines.iter_mut().zip([title, &rule].into_iter().chain(&cells)) {
                let gap = " ".repeat(widest - width(cell));
                let (left, right) = if column == 0 { ("", gap.as_str()) } else { (gap.as_str(), "") };
                line.push_str(&[" ", left, cell, right, " |"].concat());
            }
        }
        lines.join("\n") + "\n"
    }
}
