using IlZo.Perturbations;

namespace IlZo.Backends.Cpu;

/// <summary>The points at which weights are read: those of a pass, or one for what is the same at all of them.</summary>
/// <param name="Probes">The probes they belong to.</param>
/// <param name="Count">How many points the probes have.</param>
internal readonly record struct PassPoints(IReadOnlyList<Probe> Probes, int Count)
{
    private static readonly Probe[] s_stored = [Probe.Unperturbed];

    /// <summary>The weights as they are stored.</summary>
    public static PassPoints Stored => new(s_stored, 1);

    /// <summary>Whether these are the weights as they are stored.</summary>
    public bool AreStored => ReferenceEquals(Probes, s_stored);

    /// <summary>Whether the second of two points stands for the tangent along the probe's direction.</summary>
    public bool HasTangent => Probes.Count == 1 && Probes[0].IsDerivative;

    /// <summary>Points at which there are values, and no tangent.</summary>
    public int Values => HasTangent ? 1 : Count;

    /// <summary>All points of a pass.</summary>
    public static PassPoints Of(IReadOnlyList<Probe> probes) => new(probes, ProbePoints.Count(probes));

    /// <summary>Which of these points a point of the pass reads.</summary>
    public int IndexOf(int point) => Count == 1 ? 0 : point;
}
