using IlZo.Kernels;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Gpu;

/// <summary>Kinds of directions that kernels exist for.</summary>
internal enum DirectionKind
{
    None,
    Normal,
    Sign,
}

/// <summary>A direction in the terms of kernels.</summary>
/// <param name="Kind">What becomes of the random bits.</param>
/// <param name="Key">Where the bits come from.</param>
/// <param name="Scale">What elements of each tensor are multiplied by.</param>
internal sealed record DeviceDirection(DirectionKind Kind, NoiseKey Key, Func<Parameter, float> Scale)
{
    /// <summary>The weights as they are.</summary>
    public static DeviceDirection None { get; } = new(DirectionKind.None, default, _ => 0);

    /// <exception cref="InvalidInputException">There is no kernel for such directions.</exception>
    public static DeviceDirection Of(Direction? direction) => direction switch
    {
        null => None,
        GaussianDirection d => new(DirectionKind.Normal, d.Key, _ => 1),
        RademacherDirection d => new(DirectionKind.Sign, d.Key, _ => 1),
        SphereDirection d => new(DirectionKind.Normal, d.Key, _ => d.Scale),
        ScaledDirection { Inner: GaussianDirection or RademacherDirection } d => Of(d.Inner) with { Scale = p => d.Scales[p.Index] },
        _ => throw new InvalidInputException(
            $"There are no GPU kernels for a {direction.GetType().Name}; gaussian, rademacher and sphere directions, or such scaled by tensor, were expected."),
    };

    /// <summary>The kind for one tensor: none where it is frozen or its elements are zero.</summary>
    public DirectionKind KindOf(Parameter parameter) => parameter.Index < 0 || Scale(parameter) == 0 ? DirectionKind.None : Kind;

    public NoiseSource Source(Parameter parameter) => new(Key, parameter.Id, parameter.Columns, parameter.Index < 0 ? 0 : Scale(parameter));
}

/// <summary>One probe, or two consecutive ones along the same direction.</summary>
/// <param name="First">The index of the first probe.</param>
/// <param name="AreTwo">Whether there are two.</param>
/// <param name="Direction">The direction.</param>
/// <param name="Radius0">The first probe's radius.</param>
/// <param name="Radius1">The second probe's radius.</param>
internal sealed record ProbeRun(int First, bool AreTwo, DeviceDirection Direction, float Radius0, float Radius1)
{
    public static IReadOnlyList<ProbeRun> Of(IReadOnlyList<Probe> probes)
    {
        var runs = new List<ProbeRun>();
        for (int i = 0; i < probes.Count; i++)
        {
            bool two = i + 1 < probes.Count && ReferenceEquals(probes[i].Direction, probes[i + 1].Direction);
            float second = two ? (float)probes[i + 1].Radius : 0;
            runs.Add(new ProbeRun(i, two, DeviceDirection.Of(probes[i].Direction), (float)probes[i].Radius, second));
            i += two ? 1 : 0;
        }

        return runs;
    }
}
