/// Text from a file as it can be shown: control characters, and characters that change the direction of what
/// follows or hide themselves, are written as escapes. A terminal does not obey it, and a reader sees what it says.
pub(super) fn shown(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if is_shown(c) {
            out.push(c)
        } else {
            out.extend(c.escape_default())
        }
        out
    })
}

/// Neither a control character nor one that changes the direction or hides others.
fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
