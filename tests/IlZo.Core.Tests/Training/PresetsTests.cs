using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class PresetsTests
{
    private static readonly string s_roberta = TestData.Path("fixtures", "forward", "roberta-tiny");
    private static readonly string s_gpt2 = TestData.Path("fixtures", "forward", "gpt2-tiny");

    public static TheoryData<string> Methods => [.. OptimizerCatalog.All.Select(m => m.Name)];

    [Theory]
    [InlineData(ModelLoader.BuiltIn, null, 5e-5, 1e-3, 16)]
    [InlineData(ModelLoader.BuiltIn, "lora", 1e-3, 1e-2, 16)]
    [InlineData(ModelLoader.BuiltIn, "prefix", 0.3, 1e-1, 16)]
    [InlineData("roberta", null, 1e-6, 1e-3, 64)]
    [InlineData("roberta", "lora", 5e-5, 1e-3, 64)]
    [InlineData("roberta", "prefix", 5e-3, 1e-1, 64)]
    [InlineData("gpt2", null, 1e-6, 1e-3, 16)]
    [InlineData("gpt2", "lora", 5e-5, 1e-2, 16)]
    [InlineData("nowhere", "prefix", 1e-2, 1e-1, 16)]
    public void The_model_and_what_is_trained_of_it_decide_mezos_settings(string model, string? adapter, double lr, double eps, int batch)
    {
        string path = model switch { "roberta" => s_roberta, "gpt2" => s_gpt2, _ => model };
        var options = Presets.Resolve(new TrainingOptions { Model = path, Adapter = adapter });
        Assert.Equal((lr, eps, batch), (options.LearningRate, options.Epsilon, options.BatchSize));
    }

    [Theory]
    [InlineData("mezo-momentum", 1e-7)]
    [InlineData("mezo-adam", 1e-5)]
    [InlineData("fzoo", 1e-8)]
    [InlineData("sparse-mezo", 4e-6)]
    [InlineData("zo-muon", 1e-2)]
    public void The_method_decides_the_rate(string method, double rate) =>
        Assert.Equal(rate, Presets.Resolve(new TrainingOptions { Model = s_gpt2, Optimizer = method }).LearningRate);

    [Theory]
    [InlineData(null, 1e-4)]
    [InlineData("lora", 1e-3)]
    [InlineData("prefix", 1e-2)]
    public void The_method_decides_the_radius(string? adapter, double radius) => Assert.Equal(
        radius, Presets.Resolve(new TrainingOptions { Model = s_gpt2, Optimizer = "bszo", Adapter = adapter }).Epsilon);

    [Theory]
    [MemberData(nameof(Methods))]
    public void Defaults_for_large_models_are_within_what_is_published(string name)
    {
        var method = OptimizerCatalog.Find(name);
        foreach (var preset in Presets.All.Where(p => p.Trained == Presets.Weights && p.Models != "built-in"))
        {
            Assert.Empty(PublishedSetting.Departures(method, preset.LearningRateOf(method), preset.EpsilonOf(method)));
        }
    }

    [Fact]
    public void What_is_asked_for_stays()
    {
        var asked = new TrainingOptions
        {
            Optimizer = "fzoo",
            Task = "sst2",
            LearningRate = 0,
            Epsilon = 0.5,
            BatchSize = 3,
            Queries = 4,
            Sides = 1,
            Directions = DirectionKind.Sphere,
            DataSeed = 9,
            TrainSize = 20,
            TestSize = 10,
        };
        Assert.Equal(asked, Presets.Resolve(asked));
    }

    [Fact]
    public void A_rate_of_a_method_that_divides_by_deviations_follows_the_radius()
    {
        var options = new TrainingOptions { Model = s_gpt2, Optimizer = "fzoo" };
        Assert.Equal(1e-7, Presets.Resolve(options with { Epsilon = 1e-2 }).LearningRate);
        Assert.Equal(1e-6, Presets.Resolve(options with { Epsilon = 1e-2, Optimizer = "mezo" }).LearningRate);
    }

    [Fact]
    public void The_task_follows_the_data_and_the_model()
    {
        Assert.Equal("sst2-sentiment", Presets.TaskOf(new TrainingOptions()));
        Assert.Equal("sst2", Presets.TaskOf(new TrainingOptions { Model = s_gpt2 }));
        Assert.Equal("data", Presets.TaskOf(new TrainingOptions { Data = "faq.jsonl" }));
        Assert.Equal("mnli", Presets.TaskOf(new TrainingOptions { Data = "faq.jsonl", Task = "mnli" }));
    }

    [Fact]
    public void A_configuration_that_is_no_model_has_the_preset_of_others()
    {
        using var temp = new TempFolder();
        foreach (string content in (string[])[
            "[]", "{", "{\"model_type\": 5}", "{\"model_type\": \"robertas\"}", "{\"model_type\": \"\\ud800\"}",
        ])
        {
            File.WriteAllText(temp["config.json"], content);
            Assert.Equal("others", Presets.Of(new TrainingOptions { Model = temp.Path }).Models);
        }

        File.WriteAllText(temp["config.json"], "{\"model_type\": \"roberta\"}");
        Assert.Equal("RoBERTa", Presets.Of(new TrainingOptions { Model = temp.Path }).Models);
    }

    [Fact]
    public void A_run_records_what_was_decided()
    {
        using var temp = new TempFolder();
        var folder = new RunFolder(temp["run"]);
        Trainer.Train(new TrainingOptions { Optimizer = "mezo-momentum", Steps = 0, DevSize = 0, TestSize = 1, TrainSize = 1 }, folder);
        var options = folder.ReadConfiguration().Options;
        Assert.Equal((5e-6, 1e-3, 16, "sst2-sentiment"), (options.LearningRate, options.Epsilon, options.BatchSize, options.Task));
        Assert.Equal((1, 2, DirectionKind.Gaussian, 0u), (options.Queries, options.Sides, options.Directions, options.DataSeed));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_comparison_takes_the_presets_of_its_methods(string method)
    {
        var options = new ComparisonOptions(new TrainingOptions { Adapter = "lora" }, [method]);
        var resolved = Presets.Resolve(options.Training with { Optimizer = method });
        double preset = resolved.LearningRate!.Value;
        var variant = ComparedVariant.Parse(method);
        double epsilon = Assert.Single(options.RadiiOf(variant));
        Assert.Equal(resolved.Epsilon, epsilon);
        Assert.Equal(preset, options.RatesOf(variant, epsilon)[1]);
        var higher = options with { Training = options.Training with { LearningRate = 1e-2 } };
        Assert.Equal(preset * 10, higher.RatesOf(variant, epsilon)[1], preset * 1e-9);
        Assert.Equal(16, options.Of(variant, 1, epsilon, 0).Options.BatchSize);
    }
}
