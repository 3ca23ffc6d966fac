using System.Text;
using System.Text.Json;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Backends;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>
/// What runs record of the engine that computes them, and by which they are continued. A backend that calls itself cuda stands for a GPU.
/// </summary>
public sealed class RunEngineTests : IDisposable
{
    private static readonly Engine s_managed = new("managed", "fp32");
    private static readonly Engine s_tensorCores = new("cuda", "bf16x3");
    private static readonly Engine s_half = new("cuda", "fp16");

    private static readonly TrainingOptions s_options = new()
    {
        BatchSize = 2,
        TrainSize = 8,
        DevSize = 0,
        TestSize = 0,
        Threads = 2,
        LearningRate = 1e-4,
    };

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_run_records_what_its_backend_computes_with_and_hands_on_what_was_asked_for()
    {
        (string?, EngineRequest)? asked = null;
        var options = s_options with { Steps = 1, Device = "cuda:0", Precision = "fp16" };
        Trainer.Train(options, Folder("run"), backends: (device, threads, request) =>
        {
            asked = (device, request);
            return Open(s_half)(device, threads, request);
        });
        Assert.Equal(("cuda:0", new EngineRequest("auto", "fp16") { IsForTraining = true }), asked);
        Assert.Equal(s_half, Folder("run").ReadConfiguration().Engine);
        Assert.DoesNotContain("continued", File.ReadAllText(Folder("run").ConfigurationFile), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_cannot_start_gives_its_device_back()
    {
        CpuBackend? opened = null;
        var options = s_options with { Model = Path.Combine(_temp.Path, "nothing") };
        Assert.Throws<InvalidInputException>(
            () => Trainer.Train(options, Folder("run"), backends: (_, threads, _) => opened = new CpuBackend(threads)));
        Assert.Throws<ObjectDisposedException>(() => opened!.Parallel(8, _ => { }));
    }

    [Fact]
    public void A_run_goes_from_one_kind_of_device_to_another_and_back_and_its_log_replays()
    {
        var folder = Folder("run");
        Train(folder, 2, s_tensorCores);
        Train(folder, 4, s_managed, resume: new ResumePolicy());
        Train(folder, 4, s_managed, resume: new ResumePolicy());
        string end = Train(folder, 6, s_tensorCores, resume: new ResumePolicy());

        var configuration = folder.ReadConfiguration();
        Assert.Equal(s_tensorCores, configuration.Engine);
        Assert.Equal([Change(2, s_managed), Change(4, s_tensorCores)], configuration.Continued);
        Assert.Equal(6, configuration.Options.Steps);
        Assert.Equal(end, Replay.Run(folder).WeightsSha256);

        // All of them are the same kernels here.
        Assert.Equal(Train(Folder("whole"), 6, s_managed), end);
    }

    [Fact]
    public void A_run_keeps_its_engine_and_precision_on_each_kind_of_device()
    {
        var folder = Folder("run");
        Train(folder, 1, s_tensorCores);
        Refuses(s_half, "cuda in bf16x3", "cuda in fp16");
        Train(folder, 2, s_managed, resume: new ResumePolicy());
        byte[] before = File.ReadAllBytes(folder.ConfigurationFile);
        Refuses(s_half, "cuda in bf16x3", "cuda in fp16");
        Refuses(new Engine("amx", "bf16x3"), "managed in fp32", "amx in bf16x3");
        Assert.Equal(before, File.ReadAllBytes(folder.ConfigurationFile));

        void Refuses(Engine engine, string own, string asked) => Assert.Equal(
            $"'{folder.ConfigurationFile}' has engine {own} for this kind of device, and {asked} is requested now; the same engine and "
                + "precision were expected to resume.",
            Assert.Throws<InvalidInputException>(() => Train(folder, 3, engine, resume: new ResumePolicy())).Message);
    }

    [Fact]
    public void What_a_run_shows_is_the_engine_that_computes_now()
    {
        Train(Folder("run"), 1, s_tensorCores);
        var shown = new List<TrainingProgress>();
        Trainer.Train(
            s_options with { Steps = 2 }, Folder("run"), resume: new ResumePolicy(), new Collector(shown), backends: Open(s_managed));
        Assert.Equal("managed", shown.OfType<TrainingProgress.Started>().Single().Configuration.Computed[^1].Engine);
    }

    [Fact]
    public void An_engine_that_computed_no_step_leaves_no_trace()
    {
        var begun = new RunConfiguration(s_options.With(s_tensorCores), "a", "b") { Arithmetic = s_tensorCores.Arithmetic };
        var moved = begun.ContinuedBy(s_managed, 10);
        Assert.Equal([Change(10, s_managed)], moved.Continued);
        Assert.Empty(moved.ContinuedBy(s_tensorCores, 10).Continued);

        // A crash took steps that were not yet on the disk.
        Assert.Equal([Change(8, s_managed)], moved.ContinuedBy(s_managed, 8).Continued);
        Assert.Equal([Change(10, s_managed)], moved.ContinuedBy(s_managed, 11).Continued);
        Assert.Equal([Change(10, s_managed), Change(11, s_tensorCores)], moved.ContinuedBy(s_tensorCores, 11).Continued);
        Assert.Empty(begun.ContinuedBy(s_tensorCores, 0).Continued);
    }

    [Fact]
    public void The_engines_of_a_run_do_not_identify_its_log()
    {
        var begun = new RunConfiguration(s_options.With(s_tensorCores), "a", "b");
        Assert.Equal(RunIdentity.Of(begun), RunIdentity.Of(begun.ContinuedBy(s_managed, 3)));
        Assert.NotEqual(RunIdentity.Of(begun), RunIdentity.Of(begun with { Options = s_options.With(s_half) }));
        Assert.Equal(RunIdentity.Of(begun), RunIdentity.Of((begun with { Options = s_options.With(s_managed) }).BegunAs(begun)));
    }

    [Fact]
    public void A_configuration_keeps_what_continued_a_run_and_older_ones_have_nothing_of_it()
    {
        var begun = new RunConfiguration(s_options.With(s_tensorCores), "a", "b");
        byte[] json = begun.ContinuedBy(s_managed, 7).ToJson();
        using var document = JsonDocument.Parse(json);
        Assert.Equal(
            $$"""{"after_step":7,"engine":"managed","precision":"fp32","arithmetic":"{{s_managed.Arithmetic}}"}""",
            JsonSerializer.Serialize(document.RootElement.GetProperty("continued")[0]));
        var read = RunConfiguration.Parse("config.json", json);
        Assert.Equal((s_tensorCores, s_managed), (read.EngineOn(DeviceKind.Cuda), read.EngineOn(DeviceKind.Cpu)));
        Assert.Null(RunConfiguration.Parse("config.json", begun.ToJson()).EngineOn(DeviceKind.Cpu));
    }

    [Theory]
    [InlineData("[null]")]
    [InlineData("""[{"after_step":1,"engine":null,"precision":"fp32"}]""")]
    [InlineData("""[{"after_step":"x","engine":"cuda","precision":"fp32"}]""")]
    [InlineData("""[{"step":1}]""")]
    [InlineData("3")]
    public void What_continued_a_run_is_read_with_care(string continued)
    {
        string json = Encoding.UTF8.GetString(new RunConfiguration(s_options, "a", "b").ContinuedBy(s_tensorCores, 7).ToJson());
        string changed = json[..json.IndexOf('[', StringComparison.Ordinal)] + continued + "}";
        Assert.NotEmpty(RunConfiguration.Parse("config.json", Encoding.UTF8.GetBytes(json)).Continued);
        Assert.Throws<InvalidInputException>(() => RunConfiguration.Parse("config.json", Encoding.UTF8.GetBytes(changed)));
    }

    // As GPU runs were recorded once: the names of the CPU's engine.
    [Fact]
    public void A_run_that_was_recorded_with_the_wrong_kind_goes_on()
    {
        var folder = Folder("run");
        Train(folder, 1, s_managed);
        string end = Train(folder, 2, s_tensorCores, resume: new ResumePolicy());
        Assert.Equal([Change(1, s_tensorCores)], folder.ReadConfiguration().Continued);
        Assert.Equal(end, Replay.Run(folder).WeightsSha256);
    }

    [Fact]
    public void A_comparison_names_the_engine_of_its_backend()
    {
        var options = new ComparisonOptions(
            s_options with { DevSize = 2, TestSize = 2 }, ["mezo"])
        { Seeds = 1, ForwardPasses = 2, LearningRates = [1e-5] };
        var settings = Comparison.Run(options, backends: Open(s_tensorCores)).Settings;
        Assert.Equal(("cuda", "bf16x3"), ((string?)settings["engine"], (string?)settings["precision"]));
    }

    [Theory]
    [InlineData("cuda:0", "amx", "auto", "Engine is 'amx' on a GPU; auto or cuda was expected.")]
    [InlineData("cpu", "auto", "fp16", "Precision is 'fp16' on the CPU; auto, fp32 or bf16x3 was expected.")]
    [InlineData("cuda:0", "auto", "bf16", "Precision is 'bf16', whose rounding")]
    public void A_training_refuses_what_its_device_has_not(string device, string engine, string precision, string message)
    {
        var options = s_options with { Device = device, Engine = engine, Precision = precision, Model = "/no/such/model" };
        Assert.StartsWith(message, Assert.Throws<InvalidInputException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_of_an_earlier_arithmetic_are_continued_and_recorded_and_refused_where_exactness_is_asked_for()
    {
        var folder = Folder("run");
        Train(folder, 2, s_managed);
        var begun = folder.ReadConfiguration();
        File.WriteAllBytes(folder.ConfigurationFile, (begun with { Arithmetic = "0" }).ToJson());
        Assert.Contains(
            "arithmetic 0",
            Assert.Throws<InvalidInputException>(() => Train(folder, 3, s_managed, new ResumePolicy(Exact: true))).Message,
            StringComparison.Ordinal);
        var result = Trainer.Train(s_options with { Steps = 3 }, folder, new ResumePolicy(), backends: Open(s_managed));
        Assert.Equal([new(0, "managed", "fp32", "0"), new(2, "managed", "fp32", s_managed.Arithmetic)], result.Computed);
        Assert.Equal(result.Computed, folder.ReadConfiguration().Computed);
        Train(folder, 4, s_managed, new ResumePolicy(Exact: true));
    }

    private static EngineChange Change(long afterStep, Engine engine) => new(afterStep, engine.Name, engine.Precision, engine.Arithmetic);

    private static BackendFactory Open(Engine engine) => (_, threads, _) => new CpuBackend(threads, new RenamedProducts(engine));

    private static string Train(RunFolder folder, int steps, Engine engine, ResumePolicy? resume = null) =>
        Trainer.Train(s_options with { Steps = steps }, folder, resume, backends: Open(engine)).WeightsSha256;

    private RunFolder Folder(string name) => new(_temp[name]);

    private sealed class Collector(List<TrainingProgress> shown) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => shown.Add(value);
    }
}
