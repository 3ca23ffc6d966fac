using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>The settings common to all methods.</summary>
/// <param name="Parameters">The weights; a method changes and perturbs those that are <see cref="ParameterSet.Trained"/>.</param>
public sealed record OptimizerSettings(ParameterSet Parameters)
{
    /// <summary>The run's seed.</summary>
    public ulong Seed { get; init; }

    /// <summary>The perturbation radius; 0 for a method without one.</summary>
    public double Epsilon { get; init; } = 1e-3;

    /// <summary>Weight decay, multiplied by the learning rate.</summary>
    public WeightDecay WeightDecay { get; init; } = 0;

    /// <summary>Directions per step.</summary>
    public int Queries { get; init; } = 1;

    /// <summary>Whether losses are evaluated on both sides of the weights (2), or on one side and at the weights (1).</summary>
    public int Sides { get; init; } = 2;

    /// <summary>The distribution of directions.</summary>
    public DirectionKind Directions { get; init; }

    /// <summary>The limit for a coefficient's magnitude; null for none.</summary>
    public double? ClipAt { get; init; }

    /// <summary>The method's own options.</summary>
    public MethodOptions Options { get; init; } = MethodOptions.None;

    /// <summary>Opens the weights that the run started from.</summary>
    internal Func<BaseWeights> OpenBase { get; init; } = () => throw new InvalidOperationException("There are no base weights here.");

    /// <summary>The direction of one query of a step.</summary>
    public Direction Direction(long step, int query)
    {
        var key = new NoiseKey(Seed, NoiseStream.Direction, (uint)step, (uint)query);
        return Directions switch
        {
            DirectionKind.Rademacher => new RademacherDirection(key),
            DirectionKind.Sphere => new SphereDirection(key, Parameters),
            _ => new GaussianDirection(key),
        };
    }

    /// <summary>Coefficients limited to ±<see cref="ClipAt"/>.</summary>
    public double[] Clip(double[] coefficients) =>
        ClipAt is { } limit ? [.. coefficients.Select(c => Math.Clamp(c, -limit, limit))] : coefficients;
}
