using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// An orthonormal basis for the rows or the columns of each matrix, drawn anew every T steps: standard normal vectors after
/// <see cref="GramSchmidt"/>, so that every subspace, and in it every basis, is equally likely. It follows from the seed and the number of
/// the period, as whoever replays or resumes a run needs it.
/// </summary>
/// <param name="settings">The seed and the tensors.</param>
/// <param name="rank">How many vectors a matrix has, at most as many as a vector has elements.</param>
/// <param name="ofRows">Whether vectors have an element for each row, or for each column.</param>
/// <param name="interval">T.</param>
internal sealed class SubspaceBases(OptimizerSettings settings, Func<Parameter, int> rank, bool ofRows, int interval)
{
    private (long Period, float[]?[] Bases)? _current;

    /// <summary>Bytes of the bases.</summary>
    public long StateBytes => settings.Parameters.Trained.Where(LazyFactors.IsMatrix).Sum(p => (long)rank(p) * Length(p)) * sizeof(float);

    /// <summary>The vectors of each matrix in a step one after another, by <see cref="Parameter.Index"/>.</summary>
    public float[]?[] Of(long step)
    {
        long period = (step - 1) / interval;
        if (_current is not { } current || current.Period != period)
        {
            _current = current = (period, [.. settings.Parameters.Trained.Select(p => LazyFactors.IsMatrix(p) ? Draw(period, p) : null)]);
        }

        return current.Bases;
    }

    private int Length(Parameter p) => ofRows ? p.Rows : p.Columns;

    private float[] Draw(long period, Parameter p)
    {
        var key = new NoiseKey(settings.Seed, NoiseStream.LazyFactor, (uint)period, ofRows ? 1u : 0u);
        float[] vectors = LazyFactors.Vectors(key, p, rank(p), Length(p));
        GramSchmidt.Orthonormalize(vectors, Length(p));
        return vectors;
    }
}
