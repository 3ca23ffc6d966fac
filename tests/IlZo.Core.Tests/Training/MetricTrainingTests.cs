using System.Text.Json;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>Runs that train on a metric of discrete predictions, whose losses are often equal.</summary>
public sealed class MetricTrainingTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly TrainingOptions _options;

    public MetricTrainingTests()
    {
        Directory.CreateDirectory(_temp["data"]);
        File.WriteAllText(
            _temp["films.json"],
            """
            {"name": "films", "description": "Short answers", "prompt": "{context} {question}", "answer": " {candidate}\n",
             "answers": "answers.text[]", "max_new_tokens": 6}
            """);
        string[] rows = [.. Enumerable.Range(0, 12).Select(i => $$$"""{"context": "Number {{{i}}} is good.", "question": "What is good?", "answers": {"text": ["number {{{i}}}", "the film"]}}""")];
        File.WriteAllLines(_temp["data", "train.jsonl"], rows[..8]);
        File.WriteAllLines(_temp["data", "validation.jsonl"], rows[8..]);
        _options = new TrainingOptions
        {
            Task = _temp["films.json"],
            Data = _temp["data"],
            Objective = "f1",
            Steps = 4,
            BatchSize = 2,
            TrainSize = 5,
            DevSize = 3,
            TestSize = 4,
            EvalEvery = 2,
            LearningRate = 1e-4,
            Epsilon = 1e-6,
        };
    }

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("auto")]
    [InlineData("bf16")]
    [InlineData("fp32")]
    public void A_gradient_of_zero_changes_no_byte_and_is_in_the_log(string dtype)
    {
        using var model = ModelLoader.Load(ModelLoader.BuiltIn, DTypeWords.Instance.Parse(dtype));
        var folder = new RunFolder(_temp["run"]);
        var result = Trainer.Train(_options with { DType = DTypeWords.Instance.Parse(dtype) }, folder);

        Assert.Equal(model.Parameters.Sha256(), result.WeightsSha256);
        Assert.Equal(0, result.SkippedSteps);
        var records = TrajectoryReader.ReadAll(folder.TrajectoryFile).Records;
        Assert.Equal(4, records.Count);
        Assert.All(records, r => Assert.Equal(r.Losses[0], r.Losses[1]));
        Assert.All(records, r => Assert.Equal([0.0], r.Coefficients));
        var steps = File.ReadLines(folder.MetricsFile).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("projected_gradient", out _)).ToArray();
        Assert.Equal(4, steps.Length);
        Assert.All(steps, s => Assert.Equal(0, s.GetProperty("projected_gradient").GetDouble()));
        Assert.Equal(result.WeightsSha256, Replay.Run(folder).WeightsSha256);
    }

    [Fact]
    public void A_run_on_F1_is_the_same_when_interrupted_and_reports_F1()
    {
        var options = _options with { Epsilon = 0.1 };
        var whole = Trainer.Train(options, new RunFolder(_temp["whole"]));
        Trainer.Train(options with { Steps = 2 }, new RunFolder(_temp["parts"]));
        var resumed = Trainer.Train(options, new RunFolder(_temp["parts"]), resume: new ResumePolicy());

        Assert.Equal(whole.WeightsSha256, resumed.WeightsSha256);
        Assert.Equal((whole.ZeroShot, whole.Test, whole.TestLoss), (resumed.ZeroShot, resumed.Test, resumed.TestLoss));
        Assert.Equal(-whole.Test["f1"], whole.TestLoss);
        Assert.InRange(whole.ZeroShot["f1"]!.Value, 0, 1);
        Assert.InRange(whole.DevLoss!.Value, -1, 0);
        Assert.Equal(8, whole.ForwardPasses);
    }

    [Fact]
    public void The_usual_loss_of_such_a_task_is_that_of_the_first_answer()
    {
        var result = Trainer.Train(_options with { Objective = "loss", Epsilon = 1e-3 }, new RunFolder(_temp["run"]));
        Assert.InRange(result.TestLoss!.Value, 0.1, 20);
        Assert.InRange(result.Test["f1"]!.Value, 0, 1);
        Assert.InRange(result.TestAccuracy!.Value, 0, result.Test["f1"]!.Value);
    }

    [Fact]
    public void Accuracy_is_an_objective_of_tasks_with_candidates()
    {
        var options = _options with { Task = "sst2", Data = null, Objective = "accuracy" };
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        var result = Trainer.Train(options, new RunFolder(_temp["run"]));
        Assert.Equal(model.Parameters.Sha256(), result.WeightsSha256);
        Assert.Equal(-result.TestAccuracy, result.TestLoss);
        Assert.Null(result.Test["f1"]);
    }

    [Theory]
    [InlineData(
        "matthews_correlation",
        """, "candidates": [{"text": "terrible", "labels": [0]}, {"text": "great", "labels": [1]}], "label": "label", "sample": "sst2"}""",
        "{sentence} It was",
        "accuracy")]
    [InlineData("rouge_l", """, "answers": "answers.text[]", "max_new_tokens": 6}""", "{context} {question}", "f1")]
    public void A_tasks_own_metric_is_in_the_log_and_in_the_result_when_interrupted_too(
        string metric, string rest, string prompt, string usual)
    {
        File.WriteAllText(_temp["mine.json"], $$"""{"name": "mine", "description": "Mine", "prompt": "{{prompt}}", "answer": " {candidate}", "metric": "{{metric}}"{{rest}}""");
        var options =
            _options with { Task = _temp["mine.json"], Data = usual == "f1" ? _temp["data"] : null, Objective = "loss", Epsilon = 1e-3 };
        var whole = Trainer.Train(options, new RunFolder(_temp["whole"]));
        Trainer.Train(options with { Steps = 2 }, new RunFolder(_temp["parts"]));
        var resumed = Trainer.Train(options, new RunFolder(_temp["parts"]), resume: new ResumePolicy());

        Assert.Equal((whole.ZeroShot, whole.Test), (resumed.ZeroShot, resumed.Test));
        Assert.InRange(whole.Test[metric]!.Value, -1, 1);
        Assert.NotNull(whole.Test[usual]);
        string metrics = File.ReadAllText(new RunFolder(_temp["whole"]).MetricsFile);
        Assert.Equal(metrics, File.ReadAllText(new RunFolder(_temp["parts"]).MetricsFile));
        Assert.Contains($"\"zero_shot_{metric}\":", metrics, StringComparison.Ordinal);
        Assert.Contains($"\"dev_{metric}\":", metrics, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllBytes(new RunFolder(_temp["whole"]).ResultFile));
        Assert.Equal(whole.ZeroShot[metric], json.RootElement.GetProperty($"zero_shot_{metric}").GetDouble());
        Assert.Equal(whole.Test[metric], json.RootElement.GetProperty($"test_{metric}").GetDouble());
    }

    [Theory]
    [InlineData("f1")]
    [InlineData("accuracy")]
    public void Activations_that_overflow_make_a_skipped_step(string objective)
    {
        var options = _options with { Objective = objective, Epsilon = 1e30, DevSize = 0, TestSize = 0 };
        var result = Trainer.Train(objective == "f1" ? options : options with { Task = "sst2", Data = null }, new RunFolder(_temp["run"]));
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        Assert.Equal(4, result.SkippedSteps);
        Assert.Equal(model.Parameters.Sha256(), result.WeightsSha256);
    }

    [Theory]
    [InlineData("films", "accuracy", "the metric of task films is f1")]
    [InlineData("sst2", "f1", "the metric of task sst2 is accuracy")]
    [InlineData("sst2", "matthews_correlation", "Objective is 'matthews_correlation'; loss, accuracy")]
    [InlineData("sst2", "error", "Objective is 'error'; loss, accuracy, f1")]
    public void An_objective_must_suit_the_task(string task, string objective, string expected)
    {
        var options = _options with { Objective = objective };
        options = task == "films" ? options : options with { Task = task, Data = null };
        var error = Assert.Throws<InvalidInputException>(() => Trainer.Train(options, new RunFolder(_temp["run"])));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prompts_must_fit_before_the_answer()
    {
        var error = Assert.Throws<InvalidInputException>(() => Trainer.Train(_options with { MaxLength = 7 }, new RunFolder(_temp["run"])));
        Assert.Contains("a MaxLength of 8 or more", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shots_need_classes()
    {
        var options = _options with { Objective = "loss", Shots = 4, DevSize = null };
        var error = Assert.Throws<InvalidInputException>(() => Trainer.Train(options, new RunFolder(_temp["run"])));
        Assert.Contains("Shots is 4 and task films has no classes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_data_seed_alone_picks_the_examples()
    {
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        string First(uint seed, uint? dataSeed) =>
            TrainingExamples.Load(_options with { Seed = seed, DataSeed = dataSeed, Objective = "loss" }, model, tokenizer).Sha256();
        Assert.Equal(First(0, 5), First(1, 5));
        Assert.Equal(First(5, null), First(1, 5));
        Assert.NotEqual(First(1, null), First(1, 5));
    }
}
