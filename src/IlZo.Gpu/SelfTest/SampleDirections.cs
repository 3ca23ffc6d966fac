using IlZo.Backends;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu.SelfTest;

/// <summary>
/// A direction of every kind that changes others, with what it reads. The numbers that optimizers keep are made by updates, so each backend
/// has its own samples.
/// </summary>
internal sealed class SampleDirections : IDisposable
{
    private const int Rank = 19;

    private readonly List<IDisposable> _owned = [];
    private readonly OptimizerSettings _settings;

    public SampleDirections(ParameterSet set, IBackend backend)
    {
        _settings = new OptimizerSettings(set) { Seed = 21, WeightDecay = 0.1 };
        var (first, second) = (_settings.Direction(1, 0), _settings.Direction(1, 1));
        float[] thirds = [.. set.Trained.Select(p => 0.3f + p.Index)];
        var curvature = new CurvatureVectors(set.Trained, 5, 0.1, "fan");
        var whole = new CurvatureVectors(set.Trained, 6, 0.1, "unit", wholeTensors: true, otherRoot: true);
        var right = new LazyFactors(_settings, Rank, 1).Right(3);
        var rows = set.Trained.Select(p => Normal(p.Id, p.Rows * Rank)).ToArray();
        var diagonal = Own(new DiagonalScaling(_settings, 0.05) { Coefficient = 0.5, Curvature = 3 });
        var scores = Own(new ElementScores(set.Trained) { Square = 2 });
        var iterate = Own(new AveragedIterate(_settings) { Step = 4 });
        var copy = Own(new WeightCopy(set.Trained));
        var start = Own(BaseWeights.Of(set.Trained.ToDictionary(p => p, p => Normal(p.Id + 1, (int)p.Count))));
        var rescaling = new Rescaling(
            0.1, new Lazy<BaseWeights>(start), set.Trained.ToDictionary(p => p, p => p.Index % 3 == 0 ? 0.1f : 0));
        var estimate = new GradientEstimate([(0.5, first), (-0.25, second)]);
        foreach (var rule in (UpdateRule[])[diagonal, scores, iterate])
        {
            backend.Keep(copy);
            backend.Update(
                set.Trained, new GradientEstimate([(1, first)]), rule, 0.01, new NoiseKey(4, NoiseStream.StochasticRounding, 9, 0));
        }

        var inclusion = new InclusionRule(0.4f, 0.02f);
        All =
        [
            ("scaled sphere", new ScaledDirection(new SphereDirection(new NoiseKey(8, NoiseStream.Direction, 1, 0), set), thirds)),
            ("small weights", new SmallWeightsDirection(
                first, [.. set.Trained.Select(p => p.Shape.Count == 2 ? 0.05f : float.PositiveInfinity)])),
            ("rank one", curvature.Directions([first], backend)[0]),
            ("rank one of whole tensors", whole.Directions([first], backend)[0]),
            ("low rank", new LowRankDirection(new FreshFactor(new NoiseKey(8, NoiseStream.FreshFactor, 1, 0)), right, first)),
            ("kept low rank", new LowRankDirection(new KeptFactor(rows), right, new SumDirection(estimate.Terms))),
            ("sum of scaled", new SumDirection([(0.5, Twice(first, thirds)), (2, Twice(second, thirds))])),
            ("inverse root", new InverseRootDirection(first, diagonal.Excess)),
            ("bernoulli", new BernoulliDirection(first, new NoiseKey(8, NoiseStream.Mask, 1, 0), scores.State, inclusion, weighted: false)),
            ("weighted bernoulli", new BernoulliDirection(
                first, new NoiseKey(8, NoiseStream.Mask, 1, 0), scores.State, inclusion, weighted: true)),
            ("offset", new OffsetDirection(iterate.Ahead, iterate.Share, first, 0.02f)),
            ("snapshot", new SnapshotDirection(first, copy, 100)),
            ("move", new MoveDirection(estimate, Own(new Sgd(0.1)), 0.01)),
            ("travel", new TravelDirection(new Lazy<BaseWeights>(start), new MoveDirection(estimate, rescaling, 0.01))),
        ];
    }

    /// <summary>The directions.</summary>
    public IReadOnlyList<(string Name, Direction Direction)> All { get; }

    public void Dispose() => _owned.ForEach(o => o.Dispose());

    private static ScaledDirection Twice(Direction direction, float[] scales) => new(new ScaledDirection(direction, scales), scales);

    private static float[] Normal(int tensor, int count)
    {
        float[] numbers = new float[count];
        NoiseField.FillNormal(new NoiseKey(8, NoiseStream.Initialization, 0, 0), tensor, 0, numbers);
        return numbers;
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
