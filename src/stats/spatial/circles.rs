//! Circles centred on each area: its neighbours by distance, those at equal distance in one ring.

/// Most areas of a set: the neighbours take two bytes per pair of areas.
pub const MOST_AREAS: usize = 2_000;

/// Largest size of a coordinate, in any unit; its square still has room below the largest number.
pub const LARGEST_COORDINATE: f64 = 1e100;

/// The growing circles around every area of a set; made once, shared by everything counted on these areas.
#[derive(Clone, Debug)]
pub struct Circles {
    centres: Vec<Centre>,
}

/// The areas around one of them.
#[derive(Clone, Debug)]
struct Centre {
    /// All areas, nearest first; the centre's own is among the first ring.
    order: Vec<u16>,
    /// Where each ring ends in `order`.
    ends: Vec<u16>,
}

impl Circles {
    /// The circles around these points, in any unit of length (project degrees first). At most [`MOST_AREAS`] points,
    /// finite and at most [`LARGEST_COORDINATE`] in size; `None` otherwise.
    pub fn new(points: &[[f64; 2]]) -> Option<Self> {
        let sound = |p: &[f64; 2]| p.iter().all(|c| c.abs() <= LARGEST_COORDINATE);
        if points.len() > MOST_AREAS || !points.iter().all(sound) {
            return None;
        }
        let slack = rounding(points);
        Some(Self { centres: (0..points.len()).map(|centre| Centre::new(points, centre, slack)).collect() })
    }

    /// Number of areas, and so of centres.
    pub fn len(&self) -> usize {
        self.centres.len()
    }

    /// True without areas.
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }

    /// All areas around this centre, nearest first.
    pub(super) fn order(&self, centre: usize) -> &[u16] {
        &self.centres[centre].order
    }

    /// The rings around this centre, as ranges of its order.
    pub(super) fn rings(&self, centre: usize) -> impl Iterator<Item = (usize, usize)> {
        let ends = &self.centres[centre].ends;
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(ends).map(|(start, &end)| (usize::from(start), usize::from(end)))
    }
}

impl Centre {
    fn new(points: &[[f64; 2]], centre: usize, slack: f64) -> Self {
        let [x, y] = points[centre];
        let mut near: Vec<(f64, u16)> =
            points.iter().zip(0..).map(|(p, area)| ((p[0] - x).hypot(p[1] - y), area)).collect();
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let distances = near.iter().map(|n| n.0).collect::<Vec<_>>();
        Self { order: near.iter().map(|n| n.1).collect(), ends: ends(&distances, slack) }
    }
}

/// Where the rings of sorted distances end.
fn ends(distances: &[f64], slack: f64) -> Vec<u16> {
    let mut ends = Vec::new();
    let mut radius = 0.0;
    for (place, &distance) in (0_u16..).zip(distances) {
        if place > 0 && distance > radius * (1.0 + 1e-12) + slack {
            ends.push(place);
            radius = distance;
        }
    }
    ends.push(distances.len() as u16);
    ends
}

/// How far two equal distances may lie apart once their coordinates are rounded to 53 bits: on a grid of step 0.1,
/// 0.3 - 0.2 is not 0.2 - 0.1.
fn rounding(points: &[[f64; 2]]) -> f64 {
    4.0 * f64::EPSILON * points.iter().flatten().fold(0.0, |most: f64, c| most.max(c.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings(points: &[[f64; 2]], centre: usize) -> Vec<Vec<u16>> {
        let circles = Circles::new(points).unwrap();
        let sorted = |(from, to)| {
            let mut ring = circles.order(centre)[from..to].to_vec();
            ring.sort_unstable();
            ring
        };
        circles.rings(centre).map(sorted).collect()
    }

    #[test]
    fn equal_distances_enter_together() {
        let line: Vec<_> = (1..=5).map(|k| [f64::from(k) * 0.1, 0.0]).collect();
        assert_eq!(rings(&line, 2), [vec![2], vec![1, 3], vec![0, 4]]);
        assert_eq!(rings(&[[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [-5.0, 0.0]], 0), [vec![0, 2], vec![1, 3]]);
        assert_eq!(rings(&[[0.0, 0.0], [3.0, 4.0], [0.0, 4.9]], 2), [vec![2], vec![1], vec![0]]);
    }

    #[test]
    fn points_that_are_none_are_refused() {
        for bad in [f64::NAN, f64::INFINITY, 1e101] {
            assert!(Circles::new(&[[0.0, 0.0], [bad, 1.0]]).is_none());
        }
        assert!(Circles::new(&vec![[0.0, 0.0]; MOST_AREAS + 1]).is_none());
        assert_eq!(rings(&[[1.0, 1.0]; 3], 1), [vec![0, 1, 2]]);
    }
}
