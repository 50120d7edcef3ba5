//! Names with articles inside sentences: Portuguese joins *de*, *em* and *a* with the article that
//! follows (*do coordenador*, *na loja*, *ao estoque*).

use super::Lang;

/// Stands before a name that is put into a text, until [`joined`] takes it out again: only there are
/// words joined, never in what somebody wrote.
pub const NAME: char = '\u{1}';

/// The text with its prepositions and articles joined and every [`NAME`] gone.
#[must_use]
pub fn joined(lang: Lang, text: &str) -> String {
    if lang != Lang::PtBr {
        return text.replace(NAME, "");
    }
    let mut parts = text.split(NAME);
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let article = part.split(' ').next().unwrap_or("");
        match join(&out, article) {
            Some((keep, word)) => {
                out.truncate(keep);
                out.push_str(&word);
                out.push_str(&part[article.len()..]);
            }
            None => out.push_str(part),
        }
    }
    out
}

/// How much of the text stays, and the word that follows it.
fn join(before: &str, article: &str) -> Option<(usize, String)> {
    if !matches!(article, "o" | "a" | "os" | "as") {
        return None;
    }
    let trimmed = before.strip_suffix(' ')?;
    let start = trimmed.rfind(' ').map_or(0, |space| space + 1);
    let word = match (&trimmed[start..], article) {
        ("de", _) => format!("d{article}"),
        ("De", _) => format!("D{article}"),
        ("em", _) => format!("n{article}"),
        ("Em", _) => format!("N{article}"),
        ("a", "a") => "à".to_owned(),
        ("a", "as") => "às".to_owned(),
        ("a", _) => format!("a{article}"),
        ("por", _) => format!("pel{article}"),
        _ => return None,
    };
    Some((start, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        let marked = text.replace('|', &NAME.to_string());
        assert_eq!(joined(Lang::PtBr, &marked), wanted);
        assert_eq!(joined(Lang::En, &marked), text.replace('|', ""));
    }

    #[test]
    fn articles_of_names_are_joined_and_no_others() {
        check("de |o cliente para |a loja", "do cliente para a loja");
        check("em |a loja: de o", "na loja: de o");
        check("Em |os correios", "Nos correios");
        check("chega a |a loja, a |o estoque, a |as lojas", "chega à loja, ao estoque, às lojas");
        check("feito por |o cliente", "feito pelo cliente");
        check("de |Pagamento e de |Oslo", "de Pagamento e de Oslo");
        check("grande |o cliente", "grande o cliente");
        check("|o cliente", "o cliente");
        check("de |o", "do");
        check("", "");
    }
}
