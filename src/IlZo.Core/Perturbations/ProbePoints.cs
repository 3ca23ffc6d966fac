namespace IlZo.Perturbations;

/// <summary>The points of several probes, in order: that of the losses.</summary>
internal static class ProbePoints
{
    /// <summary>How many points they are.</summary>
    public static int Count(IReadOnlyList<Probe> probes)
    {
        int count = 0;
        for (int i = 0; i < probes.Count; i++)
        {
            count += probes[i].Points;
        }

        return count;
    }

    /// <summary>Each point as a probe of its own.</summary>
    /// <exception cref="ArgumentException">A probe is a derivative, which is not the loss at a point.</exception>
    public static IEnumerable<Probe> Each(IEnumerable<Probe> probes) => probes.SelectMany(p => p.IsDerivative
        ? throw new ArgumentException("A derivative cannot be evaluated point by point.", nameof(probes))
        : p.Second is { } second
        ? new[] { new Probe(p.Direction, p.Radius), new Probe(p.Direction, second) }
        : [p]);

    /// <summary>
    /// The probes in groups of at most so many points, for passes that hold no more. Groups follow each other in order; a probe that has
    /// more points than that is a group of its own.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<Probe>> Grouped(IReadOnlyList<Probe> probes, int points)
    {
        if (Count(probes) <= points)
        {
            return [probes];
        }

        var groups = new List<List<Probe>>();
        foreach (var probe in probes)
        {
            if (groups.Count == 0 || Count(groups[^1]) + probe.Points > points)
            {
                groups.Add([]);
            }

            groups[^1].Add(probe);
        }

        return groups;
    }
}
