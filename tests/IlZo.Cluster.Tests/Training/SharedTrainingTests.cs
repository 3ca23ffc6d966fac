using IlZo.Clusters;
using IlZo.Training;

namespace IlZo.Cluster.Tests.Training;

/// <summary>A run of several workers is the run of one, byte for byte.</summary>
public sealed class SharedTrainingTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private static TrainingOptions Options => new()
    {
        Model = TestData.Path("models", "stories260K"),
        Task = "sst2",
        Steps = 12,
        BatchSize = 5,
        TrainSize = 20,
        DevSize = 9,
        TestSize = 7,
        EvalEvery = 4,
        Samples = 1,
        Threads = 1,
        LearningRate = 1e-4,
        MaxLength = 48,
    };

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("mezo", "", null)]
    [InlineData("mezo", "", 6)]
    [InlineData("kerzoo", "", null)]
    [InlineData("dizo", "interval=5,inner=3", null)]
    [InlineData("loren", "", null)]
    [InlineData("loren", "source=false", null)]
    [InlineData("curvzo", "", null)]
    [InlineData("fzoo", "", null)]
    [InlineData("forward-gradient", "", 2)]
    [InlineData("agzo", "interval=3", 2)]
    [InlineData("mezo-svrg", "interval=5,full=2", null)]
    public void Three_workers_make_the_run_of_one(string method, string opt, int? queries)
    {
        var options = Options with { Optimizer = method, Opt = opt, Queries = queries };
        var alone = Trainer.Train(options, Folder("alone"));
        foreach (var split in LongTests.Of(Enum.GetValues<WorkSplit>(), s => s == WorkSplit.Auto || method == "mezo"))
        {
            var results = Train(options, new MemoryHub(), new ClusterSettings(split, MarkEvery: 3), $"{split}", 3);
            Assert.All(results, r => RequireSame(alone, r));
        }
    }

    [Fact]
    public void Losses_over_tokens_are_the_same()
    {
        File.WriteAllLines(_temp["texts.jsonl"], Enumerable.Range(0, 30).Select(i =>
            $$"""{"text": "{{string.Join(' ', Enumerable.Range(0, 1 + (i % 7)).Select(n => $"Number {n + i} was a good day."))}}"}"""));
        var options = Options with
        {
            Task = null,
            Data = _temp["texts.jsonl"],
            Queries = 2,
            DevSize = null,
            TestSize = null,
            TrainSize = null,
        };
        var alone = Trainer.Train(options, Folder("alone"));
        Assert.All(Train(options, new MemoryHub(), new ClusterSettings(), "shared", 3), r => RequireSame(alone, r));
    }

    [Fact]
    public void Generated_answers_are_the_same()
    {
        Directory.CreateDirectory(_temp["data"]);
        File.WriteAllText(
            _temp["films.json"],
            """
            {"name": "films", "description": "Short answers", "prompt": "{context} {question}", "answer": " {candidate}\n",
             "answers": "answers.text[]", "max_new_tokens": 6}
            """);
        string[] rows = [.. Enumerable.Range(0, 12).Select(i =>
            $$$"""{"context": "Number {{{i}}} is good.", "question": "What is good?", "answers": {"text": ["number {{{i}}}", "the film"]}}""")];
        File.WriteAllLines(_temp["data", "train.jsonl"], rows[..8]);
        File.WriteAllLines(_temp["data", "validation.jsonl"], rows[8..]);
        var options = Options with
        {
            Model = new TrainingOptions().Model,
            Task = _temp["films.json"],
            Data = _temp["data"],
            Objective = "f1",
            Steps = 4,
            TrainSize = 5,
            BatchSize = 2,
            DevSize = 3,
            TestSize = 4,
            EvalEvery = 2,
            Epsilon = 0.1,
            MaxLength = null,
        };
        var alone = Trainer.Train(options, Folder("alone"));
        Assert.All(Train(options, new MemoryHub(), new ClusterSettings(), "shared", 2), r => RequireSame(alone, r));
    }

    [Fact]
    public void A_run_that_waits_for_two_of_five_queries_is_the_same_for_all_and_replayed()
    {
        var options = Options with { Queries = 5 };
        var results = Train(options, new MemoryHub(), new ClusterSettings(MarkEvery: 3, Quorum: 2), "quorum", 3, audit: 0);
        byte[] log = File.ReadAllBytes(new RunFolder(results[0].Run).TrajectoryFile);
        Assert.All(results, r =>
        {
            Assert.Equal(log, File.ReadAllBytes(new RunFolder(r.Run).TrajectoryFile));
            Assert.Equal((results[0].WeightsSha256, results[0].PartialSteps), (r.WeightsSha256, r.PartialSteps));
        });
        var records = new RunFolder(results[0].Run).ReadTrajectory()!.Records;
        Assert.Equal(records.Count(r => r.Losses.Any(double.IsNaN)), results[0].PartialSteps ?? 0);
        Assert.All(records, r => Assert.InRange(r.Losses.Count(double.IsFinite), 4, 10));
        Assert.Equal(
            results[0].WeightsSha256, Replay.Run(new RunFolder(results[0].Run)).WeightsSha256);
    }

    [Theory]
    [InlineData("mezo", 2, 2)]
    [InlineData("loren", 6, 2)]
    [InlineData("dizo", 4, 2)]
    public void A_quorum_that_a_method_cannot_have_is_refused_before_the_run_begins(string method, int queries, int quorum)
    {
        var hub = new MemoryHub();
        using var run = new ClusterRun(_ => hub.Open(), new ClusterSettings(Quorum: quorum));
        string message = Assert.Throws<InvalidInputException>(
            () => Trainer.TrainShared(Options with { Optimizer = method, Queries = queries }, Folder("refused"), run)).Message;
        Assert.Contains($"has --quorum {quorum}, --optimizer {method} and --queries {queries};", message, StringComparison.Ordinal);
        using var channel = hub.Open();
        Assert.Equal(0, channel.Length);
    }

    [Fact]
    public async Task A_worker_that_only_evaluates_has_the_run_of_one_and_begins_none()
    {
        var alone = Trainer.Train(Options, Folder("alone"));
        var hub = new MemoryHub();
        using var nothing = new ClusterRun(_ => hub.Open(), evaluatesOnly: true);
        Assert.Contains(
            "a run that another worker has begun was expected",
            Assert.Throws<InvalidInputException>(() => Trainer.TrainShared(Options, Folder("early"), nothing)).Message,
            StringComparison.Ordinal);

        using var other = new ClusterRun(_ => hub.Open(), new ClusterSettings(WorkSplit.Examples));
        var writing = Task.Factory.StartNew(() => Trainer.TrainShared(Options, Folder("a"), other), TaskCreationOptions.LongRunning);
        using (var observer = hub.Open())
        {
            observer.Receive(0, TimeSpan.FromMinutes(1));
        }

        using var run = new ClusterRun(_ => hub.Open(mayAppend: false), evaluatesOnly: true);
        RequireSame(alone, Trainer.TrainShared(Options, Folder("b"), run));
        RequireSame(alone, await writing);
    }

    private TrainingResult[] Train(
        TrainingOptions options, MemoryHub hub, ClusterSettings settings, string name, int workers, double audit = 0.2)
    {
        var results = new TrainingResult[workers];
        Task[] all = [.. Enumerable.Range(0, workers).Select(w => Task.Factory.StartNew(
            () =>
            {
                using var run = new ClusterRun(_ => hub.Open(), settings, audit);
                results[w] = Trainer.TrainShared(options, Folder($"{name}-{w}"), run);
                Assert.Equal((0, 0), (run.Differences, run.Refused));
            },
            TaskCreationOptions.LongRunning))];
        Task.WaitAll(all);
        return results;
    }

    private void RequireSame(TrainingResult alone, TrainingResult shared)
    {
        Assert.Equal(alone.WeightsSha256, shared.WeightsSha256);
        Assert.Equal(alone.SelectedSha256, shared.SelectedSha256);
        Assert.Equal((alone.TestLoss, alone.ForwardPasses, alone.Tokens), (shared.TestLoss, shared.ForwardPasses, shared.Tokens));
        Assert.Equal(File.ReadAllBytes(Folder("alone").TrajectoryFile), File.ReadAllBytes(new RunFolder(shared.Run).TrajectoryFile));
        Assert.Equal(File.ReadAllText(Folder("alone").MetricsFile), File.ReadAllText(new RunFolder(shared.Run).MetricsFile));
        Assert.Equal(File.ReadAllText(Folder("alone").SamplesFile), File.ReadAllText(new RunFolder(shared.Run).SamplesFile));
    }

    private RunFolder Folder(string name) => new(_temp[name]);
}
