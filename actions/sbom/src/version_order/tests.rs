use super::*;
use proptest::prelude::*;

/// The order that each ecosystem's own tool gives.
const TRUTH: [(&str, &str); 7] = [
    ("deb", include_str!("../../tests/versions/deb.txt")),
    ("rpm", include_str!("../../tests/versions/rpm.txt")),
    ("apk", include_str!("../../tests/versions/apk.txt")),
    ("pypi", include_str!("../../tests/versions/pypi.txt")),
    ("gem", include_str!("../../tests/versions/gem.txt")),
    ("maven", include_str!("../../tests/versions/maven.txt")),
    ("npm", include_str!("../../tests/versions/npm.txt")),
];

#[test]
fn every_pair_is_ordered_as_the_ecosystems_own_tool_orders_it() {
    let mut wrong = Vec::new();
    for (ecosystem, text) in TRUTH {
        let versions: Vec<(usize, &str)> = text
            .lines()
            .enumerate()
            .flat_map(|(rank, line)| line.split(' ').map(move |version| (rank, version)))
            .collect();
        for (rank, one) in &versions {
            for (other_rank, other) in &versions {
                let found = order(ecosystem, one, other);
                if found != Some(rank.cmp(other_rank)) {
                    wrong.push(format!("{ecosystem}: {one} and {other}: {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong, such as {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
fn where_there_is_no_order_nobody_guesses() {
    for (ecosystem, one, other) in [
        ("generic", "1", "2"),
        ("npm", "1.0.0+a", "1.0.0+b"),
        ("npm", "latest", "1.0.0"),
        ("golang", "(devel)", "v1.0.0"),
        ("pypi", "1.0-custom", "1.0"),
        ("deb", "1.0 x", "1.0"),
    ] {
        assert_eq!(order(ecosystem, one, other), None, "{ecosystem} {one} {other}");
    }
    assert_eq!(order("generic", "x", "x"), Some(Ordering::Equal));
    assert_eq!(order("golang", "v1.10.0", "v1.9.0+incompatible"), Some(Ordering::Greater));
    assert_eq!(order("nuget", "4.0.0.1", "4.0.0"), Some(Ordering::Greater));
}

proptest! {
    #[test]
    fn the_order_is_one_and_no_text_makes_it_panic(texts in prop::collection::vec("[0-9a-zA-Zv.~^+:_-]{0,8}|\\PC{0,5}", 3)) {
        for (ecosystem, _) in TRUTH {
            let compare = |a: usize, b: usize| order(ecosystem, &texts[a], &texts[b]);
            prop_assert_eq!(compare(0, 1), compare(1, 0).map(Ordering::reverse), "{}", ecosystem);
            if let (Some(Ordering::Less), Some(Ordering::Less), Some(third)) = (compare(0, 1), compare(1, 2), compare(0, 2)) {
                prop_assert_eq!(third, Ordering::Less, "{}: {:?}", ecosystem, &texts);
            }
        }
    }
}
