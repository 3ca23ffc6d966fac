using IlZo.Adapters;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>What every method must do where only some tensors are trained: an adapter's, or a part of the model's own.</summary>
public sealed class AdapterContractTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Model = TestData.Path("models", "stories260K"),
        Task = "sst2",
        // DiZO projects and CurvZO's budget changes within so many steps.
        Steps = 21,
        BatchSize = 2,
        TrainSize = 20,
        DevSize = 0,
        TestSize = 0,
        LearningRate = 1e-3,
        Epsilon = 1e-2,
        MaxLength = 32,
        DType = DType.BF16,
    };

    private readonly TempFolder _temp = new();

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var method in OptimizerCatalog.All)
            {
                data.Add(method.Name, method.Name == "dizo" ? "interval=5,inner=2" : string.Empty, "lora");
                data.Add(method.Name, method.Name == "dizo" ? "interval=5,inner=2" : string.Empty, "scales");
            }

            data.Add("mezo", string.Empty, "prefix");
            data.Add("loren", string.Empty, "prefix");
            data.Add("loren", "source=false", "prefix");
            data.Add("curvzo", "blocks=element", "prefix");
            data.Add("dizo", "interval=5,inner=2", "prefix");
            data.Add("mezo", string.Empty, "*norm*");
            data.Add("kerzoo", "source=true", "*layers.3.*");
            data.Add("loren", string.Empty, "*layers.3.*");
            data.Add("loren", "source=false", "*layers.3.*");
            data.Add("curvzo", string.Empty, "*layers.3.*");
            data.Add("dizo", "interval=5,inner=2", "*layers.3.*");
            data.Add("lozo-m", "interval=5", "*layers.3.*");
            data.Add("subzero", "interval=5", "prefix");
            data.Add("tezo-m", string.Empty, "*layers.3.*");
            data.Add("zo-muon", "interval=5", "*layers.3.*");
            data.Add("agzo", "interval=5", "prefix");
            data.Add("agzo", "rank=2,interval=5", "*layers.3.*");
            data.Add("agzo", "rank=3,interval=1", "lora");
            return data;
        }
    }

    public void Dispose() => _temp.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Threads_interruptions_and_replay_do_not_change_a_bit_and_frozen_weights_stay(string method, string opt, string trained)
    {
        bool isAdapter = trained is "lora" or "prefix" or "scales";
        var options = s_options with
        {
            Optimizer = method,
            Opt = opt,
            Epsilon = OptimizerCatalog.Find(method).HasRadius ? s_options.Epsilon : null,
            Adapter = isAdapter ? trained : null,
            TrainOnly = isAdapter ? null : trained,
        };
        if (trained == "scales")
        {
            using var source = ModelLoader.Load(options.Model);
            QuantizedCheckpoint.Save(source, _temp["blocks"], DType.Q4_0);
            options = options with
            {
                Model = _temp["blocks"],
                DType = null,
                LearningRate = 1e-5,
                Epsilon = options.Epsilon is null ? null : 1e-3,
            };
        }

        var whole = Trainer.Train(options with { Threads = 2 }, new RunFolder(_temp["whole"]));
        Assert.Equal(0, whole.SkippedSteps);
        Trainer.Train(options with { Threads = 1, Steps = 9 }, new RunFolder(_temp["parts"]));
        Assert.Equal(
            whole.WeightsSha256,
            Trainer.Train(options with { Threads = 1 }, new RunFolder(_temp["parts"]), resume: new ResumePolicy()).WeightsSha256);

        // The shorter run's log says what it ended with, too.
        Assert.Equal(Steps("whole"), Steps("parts"));
        Assert.Equal(whole.WeightsSha256, Replay.Run(new RunFolder(_temp["whole"]), output: _temp["replayed"]).WeightsSha256);

        // What the log says at step 0 is the start; all that differs from it is trained.
        using var start = TrainableModel.Load(options);
        using var end = options.Adapter is null
            ? ModelLoader.Load(_temp["replayed"])
            : AdapterFactory.Load(options.Model, _temp["replayed"], options.DType);
        Assert.Equal(whole.WeightsSha256, end.Parameters.Sha256());
        string[] changed = [.. start.Parameters.All.Where(p => !Same(p, end.Parameters[p.Name])).Select(p => p.Name)];
        Assert.NotEmpty(changed);
        Assert.All(changed, name => Assert.True(start.Parameters[name].IsTrained, name));
    }

    private IEnumerable<StepEntry> Steps(string run) => TrajectoryReader.ReadAll(_temp[run, "trajectory.bin"]).Entries.OfType<StepEntry>();

    private static unsafe bool Same(Parameter a, Parameter b) =>
        new ReadOnlySpan<byte>(a.Data, (int)a.ByteCount).SequenceEqual(new ReadOnlySpan<byte>(b.Data, (int)b.ByteCount));
}
