using System.Text;
using IlZo.Adapters;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>What ties logs to configurations: it never changes, or runs of users would be orphaned.</summary>
public sealed class RunIdentityTests
{
    // Every field away from its first default.
    private static readonly TrainingOptions s_all = new()
    {
        Model = "/m",
        Task = "rte",
        Data = "/d",
        Optimizer = "kerzoo",
        Steps = 7,
        BatchSize = 3,
        LearningRate = 1e-5,
        Epsilon = 0.01,
        WeightDecay = 0.1,
        Queries = 2,
        Sides = 1,
        Directions = DirectionKind.Rademacher,
        Clip = 2.5,
        Schedule = ScheduleShape.Cosine,
        Warmup = 4,
        Opt = "a=1",
        TrainOnly = "*.bias",
        Freeze = "x",
        Adapter = "lora",
        Rank = 4,
        Alpha = 8,
        Targets = "q_proj",
        PrefixTokens = 6,
        PrefixPositions = PrefixPositions.Shifted,
        Seed = 1,
        DataSeed = 2,
        Objective = "f1",
        TrainSize = 10,
        Shots = 5,
        DevSize = 6,
        TestSize = 7,
        EvalEvery = 8,
        MaxLength = 9,
        TrainOnPrompt = true,
        SkipBadRows = true,
        ChatTemplate = "/c",
        DType = DType.F16,
        Engine = "managed",
        Precision = "fp32",
        Threads = 2,
        Device = "cpu",
        Patience = 3,
        StopOnDivergence = 20,
    };

    private static readonly TrainingOptions s_plain = new()
    {
        LearningRate = 5e-5,
        Epsilon = 1e-3,
        BatchSize = 16,
        EvalEvery = 250,
        Queries = 1,
        Sides = 2,
        Directions = DirectionKind.Gaussian,
        DataSeed = 0,
        TrainSize = 1000,
        TestSize = 1000,
        Engine = "managed",
        Precision = "fp32",
    };

    [Fact]
    public void The_fingerprint_of_a_configuration_is_frozen()
    {
        Assert.Equal("d5e533ead62bb9ef91b7b59a1a84bd7f3a58bba3ae2ccd1a1703e0c31bf51565", Hex(s_all));
        Assert.Equal("5647a04df02e3d719883a53e8a0c5434413b092a7099482094d9626b5f2be17c", Hex(s_plain));
    }

    [Fact]
    public void Fields_at_their_first_default_are_no_part_of_it()
    {
        string[] names =
        [
            "base_weights_sha256", "batch_size", "data_seed", "directions", "engine", "eps", "eval_every", "examples_sha256", "lr",
            "precision", "queries", "sides",
            "test_size", "train_size",
        ];
        Assert.Equal(names, RunIdentity.Of(Configuration(s_plain)).Keys);
    }

    [Fact]
    public void Paths_threads_the_device_and_when_a_run_ends_are_no_part_of_it()
    {
        var other = s_plain with
        {
            Model = "x",
            Task = "y",
            Data = "z",
            ChatTemplate = "t",
            Threads = 7,
            Device = "cuda:0",
            Patience = 2,
            Overcommit = true,
            StopOnDivergence = 3,
            Steps = 9,
        };
        Assert.Equal(Hex(s_plain), Hex(other));

        // Where rates depend on the last step, it is.
        Assert.NotEqual(Hex(s_plain with { Schedule = ScheduleShape.Linear }), Hex(other with { Schedule = ScheduleShape.Linear }));
    }

    [Fact]
    public void The_folder_of_an_adapter_counts_by_its_tensors_alone()
    {
        Assert.Equal(Hex(s_plain with { Adapter = "/a" }), Hex(s_plain with { Adapter = "/b" }));
        Assert.NotEqual(Hex(s_plain with { Adapter = "/a" }), Hex(s_plain));
        Assert.NotEqual(Hex(s_plain with { Adapter = "lora" }), Hex(s_plain with { Adapter = "prefix" }));
    }

    // As of a run from before there was such a field, whatever its default is now.
    [Theory]
    [InlineData("rank", "8,")]
    [InlineData("opt", "\"\",")]
    [InlineData("dtype", "\"auto\",")]
    [InlineData("train_on_prompt", "false,")]
    public void A_field_that_a_configuration_lacks_is_at_its_first_default(string name, string value)
    {
        string json = Encoding.UTF8.GetString(Configuration(s_plain).ToJson());
        string without = json.Replace($"\"{name}\": {value}", string.Empty, StringComparison.Ordinal);
        Assert.NotEqual(json, without);
        var read = RunConfiguration.Parse("config.json", Encoding.UTF8.GetBytes(without));
        Assert.Equal(s_plain, read.Options);
        Assert.Equal(RunIdentity.Fingerprint(Configuration(s_plain)), RunIdentity.Fingerprint(read));
    }

    [Fact]
    public void A_later_format_is_refused_by_number_and_an_unknown_field_by_name()
    {
        string json = Encoding.UTF8.GetString(Configuration(s_plain).ToJson());
        Assert.Equal(2, Parse(json).Format);
        Assert.Equal(1, Parse(json.Replace("\"format\": 2,", string.Empty, StringComparison.Ordinal)).Format);
        Assert.Contains(
            "format 3", Refusal(json.Replace("\"format\": 2", "\"format\": 3", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains(
            "surprise", Refusal(json.Replace("\"seed\":", "\"surprise\":", StringComparison.Ordinal)), StringComparison.Ordinal);
        Refusal(json.Replace("\"optimizer\": \"mezo\"", "\"optimizer\": null", StringComparison.Ordinal));
        Refusal(json.Replace("\"schedule\": \"constant\"", "\"schedule\": null", StringComparison.Ordinal));
        Refusal(json.Replace("\"eps\": 0.001", "\"eps\": 1e999", StringComparison.Ordinal));
        Refusal("[1]");
        byte[] latin = Encoding.Latin1.GetBytes(json.Replace("\"model\": \"", "\"model\": \"\u00dc", StringComparison.Ordinal));
        Assert.Throws<InvalidInputException>(() => RunConfiguration.Parse("config.json", latin));
        Refusal("{");
        Refusal("""{"format": "2"}""");

        static RunConfiguration Parse(string text) => RunConfiguration.Parse("config.json", Encoding.UTF8.GetBytes(text));

        static string Refusal(string text) => Assert.Throws<InvalidInputException>(() => Parse(text)).Message;
    }

    private static RunConfiguration Configuration(TrainingOptions options) => new(options, "weights", "examples");

    private static string Hex(TrainingOptions options) => Convert.ToHexStringLower(RunIdentity.Fingerprint(Configuration(options)));
}
