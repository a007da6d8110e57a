//! A promotion that is killed at random moments, as a lost runner kills it, and run again.

use crate::{place::Place, promotion::Promotions};
use e2e::world;
use secrecy::ExposeSecret as _;
use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use subject::{Digest, ImageRef, TagRef};

/// Kills on each kind of registry.
const KILLS: u32 = 50;

/// The same moments in every run (xorshift64*, Vigna 2016), so that a finding can be looked at again.
struct Moments(u64);

impl Moments {
    fn below(&mut self, longest: Duration) -> Duration {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        longest.mul_f64((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

async fn belongs(at: &Promotions, image: &ImageRef) -> BTreeSet<Digest> {
    let closure = at.registry.closure(image).await.unwrap();
    assert!(closure.refused.is_empty(), "{:?}", closure.refused);
    closure.parts.iter().map(|part| part.manifest.digest).collect()
}

/// Kills `KILLS` promotions on one kind of registry; how many of them had begun to write, and how many had ended.
async fn killed(referrers: &str) -> Option<(u32, u32)> {
    let place = Place::new()?;
    let at = Promotions::start(referrers).await;
    let place = place.with("promotion.yml", at.policy()).with("key.pem", at.key.to_pem().unwrap().expose_secret());
    let place = place.with("key.pub.pem", at.key.public().to_pem().unwrap());
    let (binary, production) = (world::binary(&place.tree).unwrap(), at.repository("production/app"));
    let promotion = |image: &ImageRef, tag: &str| {
        let mut command = Command::new(&binary);
        command.args(["image-promote", "--policy=promotion.yml", "--public-key=key.pub.pem", "--signing-key=key.pem"]);
        command.arg(format!("--image={image}")).arg(format!("--to={production}")).arg(format!("--tags={tag}"));
        command.arg("--registry-auth=anonymous").current_dir(place.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let whole = at.tested("whole", "PASSED", &at.key).await;
    let start = Instant::now();
    assert!(promotion(&whole, "v0.0.1").status().unwrap().success());
    let (longest, mut moments) = (start.elapsed().mul_f64(1.1), Moments(0x10C4_4EE9));
    let (mut begun, mut ended) = (0, 0);
    for kill in 0..KILLS {
        let image = at.tested(&format!("killed {kill}"), "PASSED", &at.key).await;
        let tag = format!("v1.0.{kill}");
        let mut child = promotion(&image, &tag).spawn().unwrap();
        tokio::time::sleep(moments.below(longest)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let (there, named) =
            (production.image(image.digest), TagRef { repository: production.clone(), tag: tag.clone() });
        let carried = belongs(&at, &image).await;
        begun += u32::from(at.registry.exists(&there).await.unwrap());
        if let Ok(tagged) = at.registry.resolve(&named).await {
            ended += 1;
            assert_eq!(tagged.digest, image.digest);
            // Only the record of the promotion itself comes after the tag.
            let away: Vec<Digest> = carried.difference(&belongs(&at, &there).await).copied().collect();
            assert!(away.len() <= 2, "{kill}: {away:?}");
        }
        let again = promotion(&image, &tag).output().unwrap();
        assert!(again.status.success(), "{kill}");
        assert!(belongs(&at, &there).await.is_superset(&belongs(&at, &image).await), "{kill}");
        assert_eq!(at.registry.resolve(&named).await.unwrap().digest, image.digest);
    }
    Some((begun, ended))
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_promotions_killed_on_a_registry_with_referrers_are_finished_by_the_next() {
    let Some((begun, ended)) = killed("api").await else { return };
    assert!((1..KILLS).contains(&begun), "the moments are spread: {begun} had begun, {ended} had ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_promotions_killed_on_a_registry_without_referrers_are_finished_by_the_next() {
    let Some((begun, ended)) = killed("fallback-tag").await else { return };
    assert!((1..KILLS).contains(&begun), "the moments are spread: {begun} had begun, {ended} had ended");
}
