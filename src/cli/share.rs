use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which of how many processes this one is: `2/8` is the second of eight.
///
/// The texts of a list belong to groups by their places, and each process takes whole groups: those
/// whose number is its own modulo the number of processes. So the sums of a group are made by one
/// process alone, bit by bit as in a run of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Share {
    /// From 1, as people and most job arrays count.
    number: usize,
    of: usize,
}

impl Share {
    pub(super) fn number(self) -> usize {
        self.number
    }

    /// Whether this one reads what is no text, and so needs to be read once.
    pub(super) fn is_first(self) -> bool {
        self.number == 1
    }

    /// How many shares there are.
    pub(super) fn of(self) -> usize {
        self.of
    }

    /// Whether the text at this place, of texts in so many groups, belongs to it.
    pub(super) fn has(self, place: usize, groups: usize) -> bool {
        place % groups % self.of == self.number - 1
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

impl TryFrom<String> for Share {
    type Error = String;

    fn try_from(words: String) -> Result<Self, String> {
        words.parse()
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, String> {
        let numbers = words.split_once('/').map(|(number, of)| (number.parse(), of.parse()));
        match numbers {
            Some((Ok(number), Ok(of))) if 1 <= number && number <= of => Ok(Self { number, of }),
            _ => Err(format!("`{words}` is not I/N with I from 1 to N, such as 1/8 to 8/8")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_belongs_to_one_share_and_each_group_to_one() {
        let all = |of: usize| (1..=of).map(move |number| format!("{number}/{of}").parse::<Share>().unwrap());
        for of in [1, 3, 8, 64] {
            for place in 0..200 {
                let owners: Vec<Share> = all(of).filter(|share| share.has(place, 64)).collect();
                assert_eq!(owners.len(), 1);
                assert!(owners[0].has(place + 64, 64), "a group is in one share");
            }
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for words in ["0/4", "5/4", "1", "1/0", "a/b", "1/2/3", "-1/4", ""] {
            let message = words.parse::<Share>().unwrap_err();
            assert!(message.contains("is not I/N"), "{message}");
        }
        assert_eq!("2/8".parse::<Share>().unwrap().to_string(), "2/8");
    }
}
