using IlZo.Generation;
using IlZo.Inference;
using IlZo.Tokenization.ChatTemplates;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Inference;

public sealed class TextModelTests : IDisposable
{
    private const string Prompt = "Once upon a time";

    private readonly TempFolder _temp = new();
    private readonly TextModel _model;

    public TextModelTests()
    {
        File.WriteAllText(_temp["plain.jinja"], "{% for m in messages %}{{ m.content }} {% endfor %}");
        _model = TextModel.Load(
            TestData.Path("models", "stories260K"), new TextModelOptions { ChatTemplate = _temp["plain.jinja"], Threads = 2 });
    }

    public void Dispose()
    {
        _model.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public async Task The_pieces_make_up_the_text_of_a_generator()
    {
        var expected = new TextGenerator(_model.Model, _model.Tokenizer, _model.Backend).Generate(Prompt, 30);
        Continuation? end = null;
        List<string> pieces = [];
        await foreach (string piece in _model.GenerateAsync(Prompt, new GenerationOptions { MaxNewTokens = 30 }, e => end = e))
        {
            Assert.Null(end);
            pieces.Add(piece);
        }

        Assert.InRange(pieces.Count, 2, 30);
        Assert.DoesNotContain("", pieces);
        Assert.Equal((expected.Text, expected.Stop), (string.Concat(pieces), end!.Stop));
        Assert.Equal(expected.NewIds, end.NewIds);
    }

    [Fact]
    public async Task A_conversation_is_answered_as_its_template_writes_it()
    {
        ChatMessage[] messages = [new("user", "Once upon"), new("user", "a time")];
        Assert.Equal(
            await Text(_model.GenerateAsync("Once upon a time ", new GenerationOptions { MaxNewTokens = 12 })),
            await Text(_model.ChatAsync(messages, new GenerationOptions { MaxNewTokens = 12 })));
    }

    [Fact]
    public async Task The_model_is_free_again_when_the_loop_is_left()
    {
        var longest = new GenerationOptions { MaxNewTokens = 400 };
        for (int time = 0; time < 3; time++)
        {
            await foreach (string piece in _model.GenerateAsync(Prompt, longest))
            {
                Assert.NotEmpty(piece);
                break;
            }

            using var stop = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (string piece in _model.GenerateAsync(Prompt, longest, cancellation: stop.Token))
                {
                    await stop.CancelAsync();
                }
            });
        }

        Assert.NotEmpty(await Text(_model.GenerateAsync(Prompt, new GenerationOptions { MaxNewTokens = 4 })));
    }

    [Theory]
    [InlineData(-1, 0, "is -1; 0 or more was expected.")]
    [InlineData(4, -1, "is -1; 0 or a positive number was expected.")]
    [InlineData(4, double.NaN, "is NaN; 0 or a positive number was expected.")]
    public async Task Numbers_outside_their_range_are_refused(int maxNewTokens, double temperature, string expected)
    {
        var options = new GenerationOptions { MaxNewTokens = maxNewTokens, Temperature = temperature };
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => Text(_model.GenerateAsync(Prompt, options)));
        Assert.EndsWith(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_without_a_chat_template_says_so()
    {
        using var plain = await TextModel.LoadAsync(TestData.Path("models", "stories260K"));
        var error = Assert.Throws<InvalidInputException>(() => plain.ChatAsync([new("user", "Hello")]));
        Assert.Contains("has no chat template", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_a_run_is_its_result()
    {
        var options = new TrainingOptions
        {
            Steps = 2,
            BatchSize = 2,
            TrainSize = 8,
            DevSize = 0,
            TestSize = 20,
            Adapter = "lora",
            LearningRate = 1e-3,
        };
        var trained = await Trainer.TrainAsync(options, new RunFolder(_temp["run"]));
        using var model = TextModel.Load(_temp["run"]);
        var evaluation = await model.EvaluateAsync(new TrainingOptions { TestSize = 20 });
        Assert.Equal(new RunFolder(_temp["run"]).AdapterFolder, model.Source.Adapter);
        Assert.Equal((trained.TestLoss, trained.TestAccuracy), (evaluation.Loss, evaluation.Accuracy));
        var error = Assert.Throws<InvalidInputException>(() => TextModel.Load(_temp["run"], new TextModelOptions { Adapter = "other" }));
        Assert.Contains("one of them was expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_that_is_ended_throws()
    {
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Trainer.TrainAsync(new TrainingOptions(), new RunFolder(_temp["none"]), cancellation: ended.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _model.EvaluateAsync(new TrainingOptions { Task = "sst2" }, cancellation: ended.Token));
        Assert.False(Directory.Exists(_temp["none"]));
    }

    private static async Task<string> Text(IAsyncEnumerable<string> pieces)
    {
        string text = string.Empty;
        await foreach (string piece in pieces)
        {
            text += piece;
        }

        return text;
    }
}
