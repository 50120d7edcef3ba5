//! Small and capital letters of the languages spoken here. The standard library knows those of the whole
//! world, in tables that weigh as much as a panel of the page.

/// A sentence with a capital first letter.
#[must_use]
pub fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(capital).into_iter().chain(letters).collect()
}

fn capital(letter: char) -> char {
    match letter {
        'à'..='þ' if letter != '÷' => char::from_u32(letter as u32 - 32).unwrap_or(letter),
        _ => letter.to_ascii_uppercase(),
    }
}

/// A text as a search compares it: small letters, without accents, so that `confirmacao` finds
/// `Confirmação`.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

fn fold(letter: char) -> char {
    match letter {
        'À'..='Å' | 'à'..='å' => 'a',
        'Ç' | 'ç' => 'c',
        'È'..='Ë' | 'è'..='ë' => 'e',
        'Ì'..='Ï' | 'ì'..='ï' => 'i',
        'Ñ' | 'ñ' => 'n',
        'Ò'..='Ö' | 'ò'..='ö' => 'o',
        'Ù'..='Ü' | 'ù'..='ü' => 'u',
        // A reader types the straight one.
        '’' => '\'',
        _ => letter.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{capitalised, folded};

    #[test]
    fn letters_of_both_languages() {
        assert_eq!(capitalised("índice e órgão"), "Índice e órgão");
        assert_eq!(capitalised("the log"), "The log");
        assert_eq!(capitalised(""), "");
        assert_eq!(capitalised("÷ 2 ms"), "÷ 2 ms");
        assert_eq!(folded("Confirmação: À ÚLTIMA réplica, tx-1"), "confirmacao: a ultima replica, tx-1");
        assert_eq!(folded("the orchestrator’s"), "the orchestrator's");
    }
}
