using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Gpu.SelfTest;

/// <summary>A whole model on a device against the CPU engine: the losses of a two-point step, and a training.</summary>
/// <param name="name">What the checks call the model.</param>
/// <param name="load">Loads the model.</param>
/// <param name="texts">Texts of a batch.</param>
/// <param name="length">Tokens of a text.</param>
public sealed class ModelChecks(string name, Func<DType?, LanguageModel> load, int texts = 8, int length = 32)
{
    private const double LearningRate = 1e-4;

    /// <summary>The losses of a two-point step with weights of each type.</summary>
    public IReadOnlyList<SelfTestCheck> TwoPointSteps =>
    [
        .. ((DType[])[DType.F32, DType.F16, DType.BF16]).Select(type => new SelfTestCheck($"two-point step of {name}, {type.TorchName()}", d => TwoPoint(d, type))),
    ];

    /// <summary>The losses of some steps of MeZO, each after the updates of those before.</summary>
    public SelfTestCheck Training(int steps)
    {
        string title = $"{steps} steps of mezo with {name}, float32";
        return new SelfTestCheck(title, device =>
        {
            using var processor = new CpuBackend();

            // Small differences of losses change the coefficients, and those the weights: the trajectories stay near each other, not equal.
            return new SelfTestResult(title, SelfTestCheck.Difference(Train(processor, steps), Train(device, steps)), SelfTestCheck.Allowed(device, 1e-3));
        });
    }

    /// <summary>The losses at both probes of each step.</summary>
    /// <param name="backend">Where to train.</param>
    /// <param name="steps">How many steps.</param>
    /// <param name="learningRate">The rate.</param>
    internal double[] Train(IBackend backend, int steps, double learningRate = LearningRate)
    {
        using var model = load(DType.F32);
        backend.Load(model.Parameters);
        using var optimizer = OptimizerCatalog.Find("mezo").Create(new OptimizerSettings(model.Parameters) { Seed = 1 });
        var oracle = new Oracle(model, backend, texts, length);
        var losses = new List<double>();
        for (long step = 1; step <= steps; step++)
        {
            var record = optimizer.Decide(step, oracle, learningRate);
            optimizer.Apply(record, backend);
            losses.AddRange(record.Losses);
        }

        return [.. losses];
    }

    private SelfTestResult TwoPoint(IBackend device, DType type)
    {
        using var model = load(type);
        using var processor = new CpuBackend();
        var z = new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 1, 0));
        Probe[] probes = [new Probe(z, 1e-3), new Probe(z, -1e-3)];
        device.Load(model.Parameters);
        double[] expected = new Oracle(model, processor, texts, length).Losses(probes);
        double[] actual = new Oracle(model, device, texts, length).Losses(probes);
        return new SelfTestResult($"two-point step of {name}, {type.TorchName()}", SelfTestCheck.Difference(expected, actual), SelfTestCheck.Allowed(device, 1e-5));
    }

    // The mean loss of the last token of random texts.
    private sealed class Oracle : ILossOracle
    {
        private readonly LanguageModel _model;
        private readonly IBackend _backend;
        private readonly TokenBatch _batch;
        private readonly List<(int Output, int Id)> _targets = [];

        public Oracle(LanguageModel model, IBackend backend, int texts, int length)
        {
            (_model, _backend) = (model, backend);
            var key = new NoiseKey(9, NoiseStream.DataOrder, 0, 0);
            var builder = new TokenBatchBuilder();
            for (int t = 0; t < texts; t++)
            {
                int[] ids = [.. Enumerable.Range(0, length - (t % 3)).Select(i => (int)(key.Word((t * length) + i) % (uint)model.Shape.Vocabulary))];
                builder.Read(builder.AddText(ids.AsSpan(0, ids.Length - 1)), ids.Length - 2);
                _targets.Add((t, ids[^1]));
            }

            _batch = builder.Build();
        }

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
        {
            _backend.Begin(_batch, probes);
            return [.. _backend.LogProbabilities(_model.Forward(_backend, _batch), _model.Head, _targets).Select(l => -l.Average())];
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);

        public IWeightSums Sums => _backend;
    }
}
