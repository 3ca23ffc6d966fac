using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>What every method of the catalog must do, on runs of a few steps on the smallest real model.</summary>
public sealed class OptimizerContractTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Model = TestData.Path("models", "stories260K"),
        Task = "sst2",
        // Two of the variants' intervals.
        Steps = 12,
        BatchSize = 2,
        TrainSize = 20,
        DevSize = 0,
        TestSize = 0,
        Threads = 2,
        LearningRate = 1e-4,
        MaxLength = 48,
    };

    // What it takes CurvZO's budget to change, and more.
    private const int StepsOfCurvZo = 22;

    // Options of methods that take other paths than the standard ones.
    private static readonly (string Method, string Opt)[] s_variants =
    [
        ("kerzoo", "source=true"),
        ("kerzoo", "order=6,interval=0.5,shrink=5"),
        ("dizo", "interval=5,inner=3"),
        ("dizo", "interval=4,ratio=true,source=true,step=1"),
        ("curvzo", "variant=paper,cap=false"),
        ("curvzo", "variant=debiased"),
        ("curvzo", "blocks=element"),
        ("loren", "beta=0"),
        ("loren", "source=false"),
        ("loren", "source=false,init=fan,lr_a=0.1"),
        ("loren", "source=false,beta=0"),
        ("lozo", "rank=1,interval=5,divide=true"),
        ("lozo-m", "rank=4,interval=5,divide=true,beta=0.8"),
        ("subzero", "rank=4,interval=5"),
        ("tezo", "rank=4"),
        ("tezo-m", "rank=4,beta=0.8"),
        ("zo-muon", "rank=8,interval=5,exact=true,vector_rate=0.1"),
        ("hizoo", "alpha=1e-4"),
        ("mezo-svrg", "interval=5,full=2"),
        ("mezo-svrg", "anneal=1.5,epoch=3"),
        ("conmezo", "theta=0.7,beta=0.5"),
        ("bszo", "sigma_p=3,sigma_e=2,repeats=0"),
        ("adalezo", "share=0.6,temperature=0.5,limit=2"),
        ("agzo", "rank=2,iterations=1,interval=3"),
    ];

    private readonly TempFolder _temp = new();

    /// <summary>Every method as it is, and the variants.</summary>
    public static TheoryData<string, string> Methods
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var method in OptimizerCatalog.All)
            {
                data.Add(method.Name, string.Empty);
            }

            foreach (var (method, opt) in s_variants)
            {
                data.Add(method, opt);
            }

            return data;
        }
    }

    public void Dispose() => _temp.Dispose();

    [Theory]
    [MemberData(nameof(Methods))]
    public void Threads_interruptions_and_replay_do_not_change_a_bit(string method, string opt)
    {
        foreach (var dtype in TypesFor(opt))
        {
            var options = Options(method, opt, dtype);
            var whole = Trainer.Train(options, Folder("whole", dtype));
            Assert.Equal(0, whole.SkippedSteps);
            Assert.NotEqual(Replay.Run(Folder("whole", dtype), 0).WeightsSha256, whole.WeightsSha256);
            Assert.Equal(whole.WeightsSha256, Trainer.Train(options with { Threads = 1 }, Folder("single", dtype)).WeightsSha256);

            var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(
                () => Trainer.Train(options, Folder("parts", dtype), null, new StopAt((options.Steps / 2) + 1, stop), stop.Token));
            var resumed = Trainer.Train(options, Folder("parts", dtype), resume: new ResumePolicy());
            Assert.Equal(whole.WeightsSha256, resumed.WeightsSha256);
            Assert.Equal(whole.ForwardPasses, resumed.ForwardPasses);
            Assert.Equal(File.ReadAllText(Folder("whole", dtype).MetricsFile), File.ReadAllText(Folder("parts", dtype).MetricsFile));
            Assert.Equal(
                File.ReadAllBytes(Folder("whole", dtype).TrajectoryFile), File.ReadAllBytes(Folder("parts", dtype).TrajectoryFile));
            Assert.Equal(whole.WeightsSha256, Replay.Run(Folder("whole", dtype), threads: 1).WeightsSha256);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void At_a_rate_of_zero_no_byte_changes(string method, string opt)
    {
        foreach (var dtype in TypesFor(opt))
        {
            var options = Options(method, opt, dtype);
            var zero = Trainer.Train(options with { LearningRate = 0 }, Folder("zero", dtype));
            Assert.Equal(Replay.Run(Folder("zero", dtype), 0).WeightsSha256, zero.WeightsSha256);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_step_whose_losses_are_not_finite_leaves_weights_and_state_alone(string method, string opt)
    {
        float[] without = Weights(method, opt, _ => false);
        Assert.Equal(without, Weights(method, opt, step => step is 2 or 7));
        Assert.All(without, w => Assert.True(float.IsFinite(w)));
    }

    // The weights after some steps on a function, of which some are bad and then decided again.
    private static float[] Weights(string method, string opt, Func<long, bool> isBad)
    {
        using var space = new TestSpace([3, 5], [2, 70], [4]);
        var made = OptimizerCatalog.Find(method);
        using var optimizer = made.Create(new OptimizerSettings(space.Parameters)
        {
            Queries = made.Queries,
            Sides = made.Sides[0],
            Directions = made.Directions[0],
            Options = MethodOptions.Parse(opt),
            OpenBase = space.OpenBase,
        });
        var good = WithInputs(space.Oracle(x => x.Select((v, i) => Math.Pow(v - i, 2)).Sum(), x => [.. x.Select((v, i) => 2 * (v - i))]));
        var bad = WithInputs(space.Oracle(x => x[0] > 0 ? double.PositiveInfinity : double.NaN, x => x));
        for (long step = 1; step <= 8; step++)
        {
            if (isBad(step))
            {
                var skipped = optimizer.Decide(step, bad, 1e-4);
                Assert.True(skipped.Skipped);
                optimizer.Apply(skipped, space.Backend);
            }

            optimizer.Apply(optimizer.Decide(step, good, 1e-4), space.Backend);
        }

        return space.Weights.ToArray();

        LossesWithInputs WithInputs(ILossOracle losses) => new(losses, observer => SyntheticInputs.Show(space.Parameters, observer));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void State_is_what_the_description_says(string method, string opt)
    {
        using var model = ModelLoader.Load(s_options.Model);
        using var optimizer = TrainableModel.CreateOptimizer(s_options with { Optimizer = method, Opt = opt }, model);
        double perWeight = (double)optimizer.StateBytes / model.Parameters.Count;
        double expected = (method, opt) switch
        {
            ("mezo-momentum", _) or ("kerzoo", "source=true") => 4,
            ("mezo-adam", _) or ("r-adazo", _) => 8,
            ("hizoo", _) or ("mezo-svrg", _) or ("conmezo", _) => 4,
            ("curvzo", "blocks=element") => 4,
            ("loren", "beta=0" or "source=false,beta=0") => 0,
            ("loren", _) or ("rloo", _) => 4,
            ("lozo", "") => 0.1,
            ("lozo-m", "") => 0.25,
            ("lozo-m", _) => 0.5,
            ("subzero", "") => 2.4,
            ("subzero", _) => 0.6,
            ("tezo" or "tezo-m", "") => 3.15,
            ("tezo" or "tezo-m", _) => 0.4,
            ("zo-muon", "") => 6.25,
            ("zo-muon", _) => 0.78,

            // As if each matrix had inputs of its own.
            ("agzo", "") => 0.07,
            ("agzo", _) => 0.14,
            _ => 0,
        };
        Near.Equal(expected, perWeight, 0.1);
    }

    // Variants differ in directions and numbers; that weights of 32 bits are written as they are, every method's standard options show.
    private static IEnumerable<DType> TypesFor(string opt) =>
        LongTests.Of([DType.F32, DType.BF16], type => opt.Length == 0 || type == DType.BF16);

    private static TrainingOptions Options(string method, string opt, DType dtype) => s_options with
    {
        Optimizer = method,
        Opt = opt,
        DType = dtype,
        Steps = method == "curvzo" ? StepsOfCurvZo : s_options.Steps,
    };

    private RunFolder Folder(string name, DType dtype) => new(_temp[name + dtype]);

    private sealed class StopAt(long step, CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value is TrainingProgress.Step s && s.Record.Step == step)
            {
                source.Cancel();
            }
        }
    }
}
