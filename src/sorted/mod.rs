//! Sorting in few instructions: the standard library's sorts are quick on millions and take four
//! kilobytes of the page for every type. Lists here are short.

mod map;

pub use map::Map;

/// Sorts a short list, equal ones in the order they came in.
pub fn sort<T>(list: &mut [T], before: impl Fn(&T, &T) -> bool) {
    gap_sort(list, 1, &before);
}

/// Sorts a list of hundreds or a few thousands, equal ones in any order.
pub fn sort_many<T>(list: &mut [T], before: impl Fn(&T, &T) -> bool) {
    for gap in [701, 301, 132, 57, 23, 10, 4, 1] {
        gap_sort(list, gap, &before);
    }
}

fn gap_sort<T>(list: &mut [T], gap: usize, before: &impl Fn(&T, &T) -> bool) {
    for i in gap..list.len() {
        let mut j = i;
        while j >= gap && before(&list[j], &list[j - gap]) {
            list.swap(j, j - gap);
            j -= gap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_in_order_and_equals_keep_theirs() {
        let mut list: Vec<(u32, u32)> = (0..500).map(|i| (i * 7919 % 31, i)).collect();
        let (mut stable, mut many) = (list.clone(), list.clone());
        list.sort_by_key(|x| x.0);
        sort(&mut stable, |a, b| a.0 < b.0);
        assert_eq!(stable, list);
        sort_many(&mut many, |a, b| a < b);
        list.sort_unstable();
        assert_eq!(many, list);
        sort(&mut Vec::<u8>::new(), |a, b| a < b);
    }
}
