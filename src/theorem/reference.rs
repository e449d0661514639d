use serde::Serialize;

/// The bibliography, in BibTeX.
pub const BIBLIOGRAPHY: &str = include_str!("../../docs/references.bib");

/// An entry of the bibliography, as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// What it is cited by.
    pub key: String,
    /// First names first, with commas between.
    pub authors: String,
    /// The title.
    pub title: String,
    /// Where it appeared: journal with volume and pages, proceedings, publisher, edition.
    pub place: String,
    /// The year.
    pub year: String,
    /// arXiv number, DOI or address, where there is one.
    pub note: String,
}

/// All entries of the bibliography, in its order.
///
/// # Example
/// ```
/// use ropelet::theorem::references;
///
/// let book = references().into_iter().find(|entry| entry.key == "niven1956").unwrap();
/// assert_eq!((book.authors.as_str(), book.year.as_str()), ("Ivan Niven", "1956"));
/// ```
pub fn references() -> Vec<Reference> {
    BIBLIOGRAPHY.split("\n@").skip(1).filter_map(entry).collect()
}

fn entry(text: &str) -> Option<Reference> {
    let (key, body) = text.split_once('{')?.1.split_once(',')?;
    let fields = fields(body);
    let field = |name: &str| fields.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.as_str());
    let volume = |text: &str| if text.is_empty() { String::new() } else { format!(" {text}") };
    let journal = match field("journal") {
        "" => String::new(),
        journal => {
            let pages = field("pages");
            let pages = if pages.is_empty() { String::new() } else { format!(", {pages}") };
            format!("{journal}{}{pages}", volume(field("volume")))
        }
    };
    let edition = match field("edition") {
        "" => String::new(),
        edition => format!("edition {edition}"),
    };
    let place = [&journal, field("booktitle"), field("series"), field("institution"), field("publisher"), &edition];
    let eprint = if field("eprint").is_empty() { String::new() } else { format!("arXiv:{}", field("eprint")) };
    let note = [field("doi"), field("note"), &eprint, field("url")];
    let join = |parts: &[&str]| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ");
    Some(Reference {
        key: key.to_owned(),
        authors: authors(field("author")),
        title: field("title").to_owned(),
        place: join(&place),
        year: field("year").to_owned(),
        note: join(&note),
    })
}

/// Names and values, the values in one pair of braces each.
fn fields(mut body: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, rest)) = body.split_once('=') {
        let Some(open) = rest.find('{') else { break };
        let mut depth = 0;
        let Some(end) = rest[open..].char_indices().find_map(|(at, c)| {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            (depth == 0).then_some(open + at)
        }) else {
            break;
        };
        found.push((name.trim_matches([' ', ',', '\n']).to_owned(), plain(&rest[open + 1..end])));
        body = &rest[end + 1..];
    }
    found
}

/// `Surname, First and ...` as `First Surname, ...`.
fn authors(field: &str) -> String {
    let names = field.split(" and ").map(|name| match name.split_once(", ") {
        Some((surname, first)) => format!("{first} {surname}"),
        None => name.to_owned(),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// TeX as it occurs in names and titles, as plain text.
fn plain(tex: &str) -> String {
    let mut text = tex.to_owned();
    for (written, meant) in [
        (r#"\"U"#, "Ü"),
        (r"\'e", "é"),
        (r"\'o", "ó"),
        (r"\'c", "ć"),
        (r"\~n", "ñ"),
        (r"\v{c}", "č"),
        (r"\L", "Ł"),
        (r"\l", "ł"),
        (r"\&", "&"),
        (r"\_", "_"),
        ("--", "–"),
    ] {
        text = text.replace(written, meant);
    }
    let text: String = text.chars().filter(|c| !matches!(c, '{' | '}')).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_read_whole_and_no_tex_is_left() {
        let references = references();
        assert_eq!(references.len(), BIBLIOGRAPHY.lines().filter(|line| line.starts_with('@')).count());
        for entry in &references {
            let all = format!("{entry:?}").replace("\\\"", "");
            assert!(!entry.authors.is_empty() && !entry.title.is_empty() && entry.year.len() == 4, "{entry:?}");
            assert!(!all.contains(['\\', '~', '$']), "{entry:?}");
        }
    }
}
