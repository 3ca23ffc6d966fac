using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// The factors of LOZO's directions U Vᵀ: V is drawn anew every ν steps and kept in between, U is drawn for each step and query, each
/// from a stream of its own. (The authors' code draws V and then U from one sequential generator where V changes, but only U when it
/// updates: the U of the update is not that of the probes in one step of ν.)
/// </summary>
/// <param name="settings">The seed, the tensors and what vectors have.</param>
/// <param name="rank">r.</param>
/// <param name="interval">ν.</param>
internal sealed class LazyFactors(OptimizerSettings settings, int rank, int interval)
{
    private (long Period, float[]?[] Right)? _current;

    /// <summary>Bytes of V.</summary>
    public long StateBytes => settings.Parameters.Trained.Where(IsMatrix).Sum(p => (long)p.Columns) * rank * sizeof(float);

    /// <summary>Whether a tensor has factors.</summary>
    public static bool IsMatrix(Parameter parameter) => parameter.Shape.Count == 2;

    /// <summary>The number of the V of a step.</summary>
    public long Period(long step) => (step - 1) / interval;

    /// <summary>V of each tensor: r columns of n numbers one after another.</summary>
    public float[]?[] Right(long period)
    {
        if (_current is not { } current || current.Period != period)
        {
            _current = current = (period, Draw(period));
        }

        return current.Right;
    }

    /// <summary>A V that is not kept.</summary>
    public float[]?[] Draw(long period)
    {
        var key = new NoiseKey(settings.Seed, NoiseStream.LazyFactor, (uint)period, 0);
        return [.. settings.Parameters.Trained.Select(p => IsMatrix(p) ? Vectors(key, p, rank, p.Columns) : null)];
    }

    /// <summary>U Vᵀ of a query of a step.</summary>
    public LowRankDirection Direction(long step, int query) =>
        new(Left(step, query), Right(Period(step)), settings.Direction(step, query));

    /// <summary>U.</summary>
    public FreshFactor Left(long step, int query) => new(new NoiseKey(settings.Seed, NoiseStream.FreshFactor, (uint)step, (uint)query));

    /// <summary>Vectors of standard normal numbers for a matrix, one after another.</summary>
    /// <param name="key">The field.</param>
    /// <param name="p">The matrix.</param>
    /// <param name="count">How many.</param>
    /// <param name="length">Elements of each.</param>
    internal static float[] Vectors(in NoiseKey key, Parameter p, int count, int length)
    {
        float[] all = new float[checked(count * length)];
        for (int k = 0; k < count; k++)
        {
            NoiseField.FillNormal(key, p.Id, NoiseField.GroupOf(k, 0, length), all.AsSpan(k * length, length));
        }

        return all;
    }
}
