using System.Text.Json;
using IlZo.Backends;
using IlZo.Inference;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>Examples and losses that a program gives.</summary>
public sealed class OwnDataTests : IDisposable
{
    private static readonly (string Prompt, string Completion)[] s_pairs =
        [.. Enumerable.Range(0, 12).Select(i => ($"Question {i}?\n", $"The answer is {i * i}."))];

    private static readonly TrainingOptions s_options =
        new() { Examples = TrainingRows.Pairs(s_pairs), Steps = 3, BatchSize = 2, EvalEvery = 3 };

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Rows_in_memory_are_those_of_a_file()
    {
        ChatMessage[][] conversations = [.. s_pairs.Select(p => (ChatMessage[])[new("user", p.Prompt), new("assistant", p.Completion)])];
        File.WriteAllText(_temp["plain.jinja"], "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}");
        AreSame(TrainingRows.Pairs(s_pairs), s_pairs.Select(
            p => new Dictionary<string, object> { ["prompt"] = p.Prompt, ["completion"] = p.Completion }));
        AreSame(
            TrainingRows.Texts(s_pairs.Select(p => p.Prompt)), s_pairs.Select(p => new Dictionary<string, object> { ["text"] = p.Prompt }));
        AreSame(
            TrainingRows.Conversations(conversations),
            conversations.Select(c => new Dictionary<string, object>
            {
                ["messages"] = c.Select(
                m => new Dictionary<string, string> { ["role"] = m.Role, ["content"] = m.Content })
            }),
            _temp["plain.jinja"]);
    }

    [Fact]
    public async Task A_run_on_them_is_continued_with_them_alone()
    {
        var whole = Trainer.Train(s_options, Folder("whole"));
        Assert.Equal(("program", 1), (Folder("whole").ReadConfiguration().Options.Task, whole.TestExamples));
        using (var model = TextModel.Load(_temp["whole"]))
        {
            Assert.Equal(whole.TestLoss, (await model.EvaluateAsync(s_options)).Loss);
        }

        Trainer.Train(s_options with { Steps = 1 }, Folder("parts"));
        Assert.Equal(whole.WeightsSha256, Trainer.Train(s_options, Folder("parts"), new ResumePolicy()).WeightsSha256);
        Assert.Equal(whole.WeightsSha256, Replay.Run(Folder("whole")).WeightsSha256);

        var others = s_options with { Examples = TrainingRows.Pairs(s_pairs[1..]), Steps = 4 };
        Assert.Contains("examples", Refusal(() => Trainer.Train(others, Folder("whole"), new ResumePolicy())), StringComparison.Ordinal);
        var none = Folder("whole").ReadConfiguration().Options;
        Assert.Contains(
            "whose examples a program gives",
            Refusal(() => Trainer.Train(none, Folder("whole"), new ResumePolicy())),
            StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Bad => new()
    {
        { "none", "gives no examples to train on" },
        { "id", "token ids from 0 to 4095" },
        { "negative", "token ids from 0 to 4095" },
        { "all", "scored tokens, each with one before it" },
        { "nothing", "scored tokens, each with one before it" },
        { "long", "at most 512 tokens." },
        { "correct", "a correct candidate." },
        { "places", "scored tokens, each with one before it" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Examples_that_no_model_can_take_are_refused(string kind, string expected)
    {
        EncodedExample[] train = kind switch
        {
            "none" => [],
            "id" => [Of([1, 1 << 20], 1)],
            "negative" => [Of([-1, 1], 1)],
            "all" => [Of([1, 2], 2)],
            "nothing" => [Of([1, 2], 0)],
            "long" => [Of([.. Enumerable.Repeat(1, 513)], 1)],
            "correct" => [Of([1, 2], 1) with { Correct = 1 }],
            _ => [new EncodedExample([EncodedCandidate.WithScored([1, 2, 3], [2, 1])], 0, "mine:1")],
        };
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        var options = s_options with { Examples = new Fixed(new TrainingExamples(TaskObjective.LanguageModel, train, [], [])) };
        Assert.Contains(
            expected,
            Refusal(() => TrainingExamples.Load(options, model, ModelLoader.Tokenizer(model.Checkpoint))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Examples_and_a_task_do_not_go_together()
    {
        Assert.Contains("together with task sst2", Refusal((s_options with { Task = "sst2" }).Validate), StringComparison.Ordinal);
        Assert.Contains(
            "data 'x.jsonl'", Refusal((s_options with { Task = "program", Data = "x.jsonl" }).Validate), StringComparison.Ordinal);
        Assert.Contains(
            "whose examples a program gives",
            Refusal((s_options with { Examples = null, Task = "program" }).Validate),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_go_by_losses_of_the_program_and_evaluations_by_those_of_the_task()
    {
        var plain = new Steps();
        var same = new Steps();
        var twice = new Steps();
        var result = Trainer.Train(s_options, Folder("plain"), progress: plain);
        Assert.Equal(
            result.WeightsSha256,
            Trainer.Train(s_options with { Losses = step => step.OfTask }, Folder("same"), progress: same).WeightsSha256);
        var doubled = Trainer.Train(s_options with { Losses = step => new Twice(step) }, Folder("twice"), progress: twice);
        Assert.Equal(plain.Seen[0].Record.Losses.Select(l => 2 * l), twice.Seen[0].Record.Losses);
        Assert.Equal(2 * plain.Seen[0].ProjectedGradient, twice.Seen[0].ProjectedGradient);
        Assert.Equal(result.DevLossAtStart, doubled.DevLossAtStart);
        Assert.Equal(doubled.WeightsSha256, Replay.Run(Folder("twice")).WeightsSha256);
    }

    private void AreSame(TrainingRows rows, IEnumerable<Dictionary<string, object>> lines, string? template = null)
    {
        string file = _temp[$"{Guid.NewGuid():N}.jsonl"];
        File.WriteAllLines(file, lines.Select(l => JsonSerializer.Serialize(l)));
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        var options = s_options with { ChatTemplate = template };
        var ofFile = TrainingExamples.Load(options with { Examples = null, Data = file }, model, tokenizer);
        var inMemory = TrainingExamples.Load(options with { Examples = rows }, model, tokenizer);
        Assert.Equal((ofFile.Train.Count, 1, 1), (inMemory.Train.Count, inMemory.Dev.Count, inMemory.Test.Count));
        Assert.Equal(ofFile.Sha256(), inMemory.Sha256());
    }

    private static EncodedExample Of(int[] tokens, int scored) => new([new EncodedCandidate(tokens, scored)], 0, "mine:1");

    private static string Refusal(Action action) => Assert.Throws<InvalidInputException>(action).Message;

    private RunFolder Folder(string name) => new(_temp[name]);

    private sealed class Fixed(TrainingExamples examples) : ITrainingData
    {
        public TrainingExamples Load(TrainingOptions options, LanguageModel model, ITokenizer tokenizer, CancellationToken cancellation) =>
            examples;
    }

    private sealed class Twice(TrainingStep step) : ILossOracle
    {
        public IWeightSums Sums => step.Backend;

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0) => [.. step.OfTask.Losses(probes, draw).Select(l => 2 * l)];

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => [.. step.OfTask.LossesOfAll(probes).Select(l => 2 * l)];
    }

    private sealed class Steps : IProgress<TrainingProgress>
    {
        public List<TrainingProgress.Step> Seen { get; } = [];

        public void Report(TrainingProgress value)
        {
            if (value is TrainingProgress.Step step)
            {
                Seen.Add(step);
            }
        }
    }
}
