using IlZo.Perturbations;

namespace IlZo.Gpu;

/// <summary>One probe, or two consecutive ones along the same direction.</summary>
/// <param name="First">The index of the first probe.</param>
/// <param name="AreTwo">Whether there are two.</param>
/// <param name="Direction">The direction; null for the weights as they are.</param>
/// <param name="Radius0">The first probe's radius.</param>
/// <param name="Radius1">The second probe's radius.</param>
internal readonly record struct ProbeRun(int First, bool AreTwo, Direction? Direction, float Radius0, float Radius1)
{
    /// <summary>Replaces what a list holds by the runs of some probes.</summary>
    public static void Find(IReadOnlyList<Probe> probes, List<ProbeRun> runs)
    {
        runs.Clear();
        for (int i = 0; i < probes.Count; i++)
        {
            bool two = i + 1 < probes.Count && ReferenceEquals(probes[i].Direction, probes[i + 1].Direction);
            float second = two ? (float)probes[i + 1].Radius : 0;
            runs.Add(new ProbeRun(i, two, probes[i].Direction, (float)probes[i].Radius, second));
            i += two ? 1 : 0;
        }
    }
}
