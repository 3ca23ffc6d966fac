using System.Globalization;
using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Records that wait for each other come to the same bits as records that are applied one by one.</summary>
public sealed unsafe class RecordQueueTests
{
    private const double LearningRate = 1e-2;

    // More than it takes CurvZO's budget to change; the last ones are applied one by one, so that they show the state.
    private const int Steps = 26;
    private const int Waiting = 22;

    private static readonly (string Name, long[] Shape, TensorRole Role)[] s_tensors =
    [
        ("a", [3, 70], new TensorRole(ModelPart.Value)),
        ("b", [2, 1100], new TensorRole(ModelPart.Query)),
        ("c", [4, 64], new TensorRole(ModelPart.Value)),
        ("d", [130], new TensorRole(ModelPart.Norm)),
        ("e", [5], new TensorRole(ModelPart.MlpUp, TensorKind.Bias)),
        ("frozen", [6, 10], new TensorRole(ModelPart.MlpUp)),
    ];

    [Theory]
    [MemberData(nameof(OptimizerContractTests.Methods), MemberType = typeof(OptimizerContractTests))]
    public void Waiting_changes_neither_weights_nor_state_nor_what_is_logged(string method, string opt)
    {
        var records = Decided(method, opt);
        Assert.Contains(records, r => r.Skipped);
        foreach (var type in (DType[])[DType.F32, DType.F16, DType.BF16])
        {
            using var start = Weights(type);
            var one = Replayed(method, opt, type, records, limit: null, threads: 1);
            Assert.NotEqual(start.Sha256(), one.Weights);
            foreach (var (limit, threads) in ((int, int)[])[(1, 1), (2, 2), (7, 1), (7, 3), (RecordQueue.Usual, 2)])
            {
                Assert.Equal(one, Replayed(method, opt, type, records, limit, threads));
            }
        }
    }

    [Theory]
    [InlineData("mezo", "", true)]
    [InlineData("mezo-momentum", "", true)]
    [InlineData("mezo-adam", "", true)]
    [InlineData("r-adazo", "", true)]
    [InlineData("kerzoo", "", true)]
    [InlineData("dizo", "", true)]
    [InlineData("curvzo", "", true)]
    [InlineData("rloo", "", true)]
    [InlineData("zo-sign", "", true)]
    [InlineData("zo-conservative", "", true)]
    [InlineData("fzoo", "", true)]
    [InlineData("sparse-mezo", "", true)]
    [InlineData("lozo", "", true)]
    [InlineData("hizoo", "", true)]
    [InlineData("meazo", "", true)]
    [InlineData("zo-align", "", true)]
    [InlineData("bszo", "", true)]
    [InlineData("adalezo", "", true)]
    [InlineData("forward-gradient", "", true)]
    [InlineData("agzo", "", true)]
    [InlineData("kerzoo", "source=true", false)]
    [InlineData("curvzo", "blocks=element", false)]
    [InlineData("loren", "", false)]
    [InlineData("loren", "source=false", false)]
    [InlineData("lozo-m", "", false)]
    [InlineData("subzero", "", false)]
    [InlineData("tezo", "", false)]
    [InlineData("tezo-m", "", false)]
    [InlineData("zo-muon", "", false)]
    [InlineData("mezo-svrg", "", false)]
    [InlineData("conmezo", "", false)]
    public void Only_changes_that_follow_from_records_wait(string method, string opt, bool waits)
    {
        var record = Decided(method, opt)[0];
        using var set = Weights(DType.F32);
        using var backend = new CpuBackend(1);
        using var optimizer = Create(method, opt, set);
        string before = set.Sha256();
        Assert.Equal(waits, optimizer.Defer(record, backend) is not null);
        Assert.Equal(before, set.Sha256());
    }

    [Fact]
    public void Cancellation_ends_what_waits()
    {
        var records = Decided("mezo", string.Empty);
        using var set = Weights(DType.F32);
        using var backend = new CpuBackend(2);
        using var optimizer = Create("mezo", string.Empty, set);
        var queue = new RecordQueue(optimizer, backend);
        queue.Apply(records[0]);
        Assert.Throws<OperationCanceledException>(() => queue.Flush(new CancellationToken(canceled: true)));
    }

    [Fact]
    public void What_waits_is_not_applied_once_its_optimizer_is_disposed_of()
    {
        var records = Decided("mezo-momentum", string.Empty);
        using var set = Weights(DType.F32);
        using var backend = new CpuBackend(1);
        var optimizer = Create("mezo-momentum", string.Empty, set);
        var queue = new RecordQueue(optimizer, backend);
        queue.Apply(records[0]);
        optimizer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => queue.Flush());
    }

    // The weights, and what a log shows before each record.
    private static (string Weights, string Log) Replayed(
        string method, string opt, DType type, IReadOnlyList<StepRecord> records, int? limit, int threads)
    {
        using var set = Weights(type);
        using var backend = new CpuBackend(threads);
        using var optimizer = Create(method, opt, set);
        var queue = limit is { } most ? new RecordQueue(optimizer, backend, most) : null;
        var log = new List<string>();
        foreach (var record in records)
        {
            log.Add(optimizer.ProjectedGradient(record).ToString("R", CultureInfo.InvariantCulture));
            log.AddRange(optimizer.Diagnostics(record.Step).Select(d => FormattableString.Invariant($"{d.Name} {d.Value:R}")));
            if (queue is null || record.Step > Waiting)
            {
                optimizer.Apply(record, backend);
                continue;
            }

            queue.Apply(record);
            if (record.Step == Waiting)
            {
                queue.Flush();
            }
        }

        return (set.Sha256(), string.Join('\n', log));
    }

    private static List<StepRecord> Decided(string method, string opt)
    {
        using var set = Weights(DType.F32);
        using var backend = new CpuBackend(1);
        using var optimizer = Create(method, opt, set);
        var records = new List<StepRecord>();
        for (long step = 1; step <= Steps; step++)
        {
            records.Add(optimizer.Decide(step, new Losses(set, backend, step), LearningRate));
            optimizer.Apply(records[^1], backend);
        }

        return records;
    }

    private static Optimizer Create(string method, string opt, ParameterSet set)
    {
        var made = OptimizerCatalog.Find(method);
        return made.Create(new OptimizerSettings(set)
        {
            Seed = 5,
            Queries = made.Queries,
            Sides = made.Sides[0],
            Directions = made.Directions[0],
            WeightDecay = 0.1,
            Options = MethodOptions.Parse(opt),
            OpenBase = () => Base(set),
        });
    }

    // A few tensors whose sizes are no multiples of anything, among the weights some below the least normal number of binary16.
    private static ParameterSet Weights(DType type)
    {
        var memory = new List<IDisposable>();
        var parameters = new List<Parameter>();
        foreach (var (name, shape, role) in s_tensors)
        {
            float[] values = new float[shape.Aggregate((a, b) => a * b)];
            NoiseField.FillNormal(new NoiseKey(3, NoiseStream.Direction, 0, 0), name[0], 0, values);
            var buffer = new NativeBuffer((long)values.Length * type.Size());
            memory.Add(buffer);
            for (int i = 0; i < values.Length; i++)
            {
                float value = values[i] * (i % 5 == 0 ? 1e-5f : 0.02f);
                if (type == DType.F32)
                {
                    ((float*)buffer.Data)[i] = value;
                }
                else
                {
                    ((ushort*)buffer.Data)[i] = StochasticRounding.Round(type, value, 0x800);
                }
            }

            parameters.Add(new Parameter(name, shape, type, buffer.Data, role));
        }

        var set = new ParameterSet(parameters, memory);
        set.Train(p => p.Name != "frozen");
        return set;
    }

    // The weights of the start, whenever they are asked for.
    private static BaseWeights Base(ParameterSet set)
    {
        var start = Weights(set.All[0].Type);
        return new BaseWeights(
            set.All.ToDictionary(
                p => p, p => new TensorEntry(string.Empty, p.Name, p.Type.ToString(), p.Shape, start[p.Name].Data)), start);
    }

    // Any numbers, and in two steps none.
    private sealed class Losses(ParameterSet set, CpuBackend backend, long step) : ILossOracle
    {
        private readonly NoiseKey _key = new(11, NoiseStream.Mask, (uint)step, 0);
        private int _count;

        public IWeightSums Sums => backend;

        public bool HasDerivatives => true;

        double[] ILossOracle.Losses(IReadOnlyList<Probe> probes, int draw) => LossesOfAll(probes);

        double ILossOracle.Loss(IInputObserver observer)
        {
            SyntheticInputs.Show(set, observer);
            return LossesOfAll([Probe.Unperturbed])[0];
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) =>
        [
            .. Enumerable.Range(0, ProbePoints.Count(probes)).Select(
                _ => step is 3 or 8 ? double.NaN : 1 + (1e-3 * _key.Uniform(_count++))),
        ];
    }
}
