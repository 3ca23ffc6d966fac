using IlZo.Perturbations;

namespace IlZo.Gpu;

/// <summary>A probe, and where its points are among those of the pass.</summary>
/// <param name="First">The index of its first point.</param>
/// <param name="AreTwo">Whether it has two.</param>
/// <param name="Direction">The direction; null for the weights as they are.</param>
/// <param name="Radius0">The first point's radius.</param>
/// <param name="Radius1">The second point's radius.</param>
internal readonly record struct ProbeRun(int First, bool AreTwo, Direction? Direction, float Radius0, float Radius1)
{
    /// <summary>Replaces the contents of a list with some probes.</summary>
    public static void List(IReadOnlyList<Probe> probes, List<ProbeRun> runs)
    {
        runs.Clear();
        int first = 0;
        for (int i = 0; i < probes.Count; i++)
        {
            var probe = probes[i];
            runs.Add(new ProbeRun(first, probe.Points == 2, probe.Direction, (float)probe.Radius, (float)(probe.Second ?? 0)));
            first += probe.Points;
        }
    }
}
