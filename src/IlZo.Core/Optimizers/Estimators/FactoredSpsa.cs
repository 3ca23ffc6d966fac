using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// SPSA along directions L Rᵀ of each matrix, where R stays for many steps and L is computed, once for each query of a step; vectors have
/// ordinary directions.
/// </summary>
internal abstract class FactoredSpsa : Estimator
{
    private readonly OptimizerSettings _settings;
    private readonly Spsa _spsa;
    private readonly float[]?[][] _left;
    private (long Step, Direction[] Directions) _current = (0, []);

    /// <param name="settings">What SPSA takes.</param>
    /// <param name="rank">The columns of L and R of a matrix, at most <see cref="Noise.NoiseField.Group"/>.</param>
    protected FactoredSpsa(OptimizerSettings settings, Func<Parameter, int> rank)
    {
        _settings = settings;
        _spsa = new Spsa(settings, (step, query) => Products(step)[query]);
        _left =
        [
            .. Enumerable.Range(0, settings.Queries).Select(_ => settings.Parameters.Trained.Select(
                p => LazyFactors.IsMatrix(p) ? new float[checked(p.Rows * rank(p))] : null).ToArray()),
        ];
    }

    /// <summary>Bytes of all L.</summary>
    public override long StateBytes => _left.Sum(query => query.Sum(l => (long)(l?.Length ?? 0))) * sizeof(float);

    internal override bool AveragesQueries => _spsa.AveragesQueries;

    public override IReadOnlyList<Probe> Plan(long step) => _spsa.Plan(step);

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => _spsa.Combine(step, losses);

    public override IReadOnlyList<Direction> Directions(long step) => Products(step);

    /// <summary>R of each matrix, as <see cref="LowRankDirection"/> takes it.</summary>
    protected abstract float[]?[] Right(long step);

    /// <summary>Computes L of a matrix, row by row.</summary>
    protected abstract void FillLeft(long step, int query, Parameter p, Span<float> left);

    /// <summary>A direction with another L, in the place of those of the step.</summary>
    protected LowRankDirection Along(long step, Action<Parameter, float[]> fill, Direction vectors)
    {
        _current = (0, []);
        return Product(0, step, fill, vectors);
    }

    private Direction[] Products(long step)
    {
        if (_current.Step != step)
        {
            _current = (step, [.. Enumerable.Range(0, _left.Length).Select(
                q => Product(q, step, (p, left) => FillLeft(step, q, p, left), _settings.Direction(step, q)))]);
        }

        return _current.Directions;
    }

    private LowRankDirection Product(int query, long step, Action<Parameter, float[]> fill, Direction vectors)
    {
        foreach (var p in _settings.Parameters.Trained.Where(LazyFactors.IsMatrix))
        {
            fill(p, _left[query][p.Index]!);
        }

        return new LowRankDirection(new KeptFactor(_left[query]), Right(step), vectors);
    }
}
