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
        .. ((DType[])[DType.F32, DType.F16, DType.BF16]).Select(
            type => SelfTestCheck.Compare($"two-point step of {name}, {type.TorchName()}", 1e-5, d => [TwoPoint(d, type)])),
    ];

    /// <summary>The losses of some steps of MeZO, each after the updates of those before.</summary>
    public SelfTestCheck Training(int steps)
    {
        // Small differences of losses change the coefficients, and those the weights: the trajectories stay near each other, not equal.
        var check = SelfTestCheck.Compare($"{steps} steps of mezo with {name}, float32", 1e-3, backend => [Train(backend, steps)]);
        return check with { Rehearse = device => Rehearse(device, DType.F32) };
    }

    /// <summary>
    /// Some steps of MeZO with weights in 16 bits, and the same weights from what the steps recorded: on the CPU, bit for bit.
    /// </summary>
    public SelfTestCheck Replay(int steps)
    {
        string title = $"{steps} steps of mezo with {name}, replayed on the CPU, float16";
        return new SelfTestCheck(title, device => Rehearse(device, DType.F16), (device, twice) =>
        {
            using var trained = load(DType.F16);
            using var replayed = load(DType.F16);
            using var processor = new CpuBackend();
            var records = Train(device, trained, steps, LearningRate);
            string sha256 = trained.Parameters.Sha256();
            processor.Load(replayed.Parameters);
            using var optimizer = Create(replayed);
            foreach (var record in records)
            {
                optimizer.Apply(record, processor);
            }

            // A training that went nowhere shows nothing.
            double difference = records.Exists(r => r.Skipped || r.Coefficients.All(c => c == 0))
                ? double.NaN
                : sha256 == replayed.Parameters.Sha256() ? 0 : 1;
            return new SelfTestResult(title, difference, 0, !twice || TrainedAgain(device, steps) == sha256);
        });
    }

    // The kernels of a step: what its losses are means nothing, so that the record is made up.
    private void Rehearse(IBackend backend, DType type)
    {
        using var model = load(type);
        backend.Load(model.Parameters);
        using var optimizer = Create(model);
        optimizer.Decide(1, new Oracle(model, backend, texts, length), LearningRate);
        optimizer.Apply(new StepRecord { Step = 1, LearningRate = LearningRate, Losses = [0, 0], Coefficients = [1] }, backend);
    }

    private string TrainedAgain(IBackend device, int steps)
    {
        using var again = load(DType.F16);
        Train(device, again, steps, LearningRate);
        return again.Parameters.Sha256();
    }

    /// <summary>The losses at both probes of each step.</summary>
    /// <param name="backend">Where to train.</param>
    /// <param name="steps">How many steps.</param>
    /// <param name="learningRate">The rate.</param>
    internal double[] Train(IBackend backend, int steps, double learningRate = LearningRate)
    {
        using var model = load(DType.F32);
        return [.. Train(backend, model, steps, learningRate).SelectMany(r => r.Losses)];
    }

    // The steps; the weights are the model's afterwards.
    private List<StepRecord> Train(IBackend backend, LanguageModel model, int steps, double learningRate)
    {
        backend.Load(model.Parameters);
        using var optimizer = Create(model);
        var oracle = new Oracle(model, backend, texts, length);
        var records = new List<StepRecord>();
        for (long step = 1; step <= steps; step++)
        {
            records.Add(optimizer.Decide(step, oracle, learningRate));
            optimizer.Apply(records[^1], backend);
        }

        backend.Store(model.Parameters);
        return records;
    }

    private static Optimizer Create(LanguageModel model) =>
        OptimizerCatalog.Find("mezo").Create(new OptimizerSettings(model.Parameters) { Seed = 1 });

    private double[] TwoPoint(IBackend backend, DType type)
    {
        using var model = load(type);
        var z = new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 1, 0));
        Probe[] probes = [Probe.Pair(z, 1e-3)];
        backend.Load(model.Parameters);
        return new Oracle(model, backend, texts, length).Losses(probes);
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
                int[] ids = [.. Enumerable.Range(0, length - (t % 3)).Select(
                    i => (int)(key.Word((t * length) + i) % (uint)model.Shape.Vocabulary))];
                builder.Read(builder.AddText(ids.AsSpan(0, ids.Length - 1)), ids.Length - 2);
                _targets.Add((t, ids[^1]));
            }

            _batch = builder.Build();
        }

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
        {
            var pass = _backend.Begin(_batch, probes);
            return [.. pass.LogProbabilities(_model.Forward(pass), _model.Head, _targets).Select(l => -l.Average())];
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);

        public IWeightSums Sums => _backend;
    }
}
