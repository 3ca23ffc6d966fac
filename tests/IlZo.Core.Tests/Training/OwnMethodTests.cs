using IlZo.Optimizers;
using IlZo.Training;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class OwnMethodTests : IDisposable
{
    private readonly TempFolder _temp = new();

    // mezo by another name.
    private static readonly OptimizerMethod s_twin = new(
        "twin", "mezo once more", s => new EstimatorOptimizer(s, new Spsa(s), new Sgd(s.WeightDecay)));

    private static readonly TrainingOptions s_options = new()
    {
        Model = TestData.Path("models", "stories260K"),
        Task = "sst2",
        Optimizer = "twin",
        Methods = [s_twin],
        Steps = 4,
        BatchSize = 2,
        TrainSize = 8,
        DevSize = 4,
        TestSize = 4,
        EvalEvery = 2,
    };

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_method_of_the_programs_own_is_trained_continued_and_replayed()
    {
        var whole = Trainer.Train(s_options, Folder("whole"));
        Assert.Equal(Trainer.Train(s_options with { Optimizer = "mezo" }, Folder("mezo")).WeightsSha256, whole.WeightsSha256);

        Trainer.Train(s_options with { Steps = 2 }, Folder("parts"));
        Assert.Equal(whole.WeightsSha256, Trainer.Train(s_options, Folder("parts"), new ResumePolicy()).WeightsSha256);
        Assert.Equal(whole.WeightsSha256, Replay.Run(Folder("whole"), methods: [s_twin]).WeightsSha256);
        Assert.Equal("twin", Folder("whole").ReadConfiguration().Options.Optimizer);
    }

    [Fact]
    public void Who_lacks_the_method_of_a_run_is_told_its_name()
    {
        Trainer.Train(s_options, Folder("run"));
        Assert.Contains(
            "no optimizer 'twin'", Assert.Throws<InvalidInputException>(() => Replay.Run(Folder("run"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mezo")]
    [InlineData("twin")]
    public void Two_methods_of_a_name_are_refused(string name)
    {
        var options = s_options with { Methods = [s_twin, s_twin with { Name = name }] };
        Assert.Contains(
            $"two optimizers '{name}'", Assert.Throws<InvalidInputException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_takes_it_too()
    {
        var report = Comparison.Run(
            new ComparisonOptions(s_options, ["mezo", "twin"]) { Seeds = 1, ForwardPasses = 8, LearningRates = [1e-5], Points = 1 });
        Assert.Equal(report.Methods[0].Runs[0].Points[^1].DevLoss, report.Methods[1].Runs[0].Points[^1].DevLoss);
    }

    private RunFolder Folder(string name) => new(_temp[name]);
}
