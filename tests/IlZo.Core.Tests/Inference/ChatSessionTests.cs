using IlZo.Generation;
using IlZo.Inference;
using Xunit;

namespace IlZo.Core.Tests.Inference;

public sealed class ChatSessionTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly TextModel _model;

    public ChatSessionTests()
    {
        File.WriteAllText(_temp["plain.jinja"], "{% for m in messages %}{{ m.content }} {% endfor %}");
        _model = TextModel.Load(
            TestData.Path("models", "stories260K"), new TextModelOptions { ChatTemplate = _temp["plain.jinja"], Threads = 1 });
    }

    public void Dispose()
    {
        _model.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public void What_messages_begin_with_goes_through_the_model_once()
    {
        using var session = Session(10);
        var first = session.Answer("Once upon a time");
        var second = session.Answer("there was");

        // All but the answer, whose tokens were generated one by one, is kept; nine of ten new tokens go through the model.
        int prompt = second.Continuation.PromptIds.Count;
        Assert.Equal(first.Continuation.PromptIds.Count + 9, first.Tokens);
        Assert.Equal(prompt - first.Continuation.PromptIds.Count + 9, second.Tokens);
        using var fresh = Session(10);
        fresh.Answer("Once upon a time");
        Assert.Equal(second.Continuation.NewIds, fresh.Answer("there was").Continuation.NewIds);
    }

    [Fact]
    public void An_answer_that_is_ended_keeps_what_there_is_of_it()
    {
        using var session = Session(200);
        string told = string.Empty;
        using var end = new CancellationTokenSource();
        var answer = session.Answer("Once upon a time", piece =>
        {
            told += piece;
            if (told.Length > 20)
            {
                end.Cancel();
            }
        }, end: end.Token);
        Assert.True(answer.WasEnded);
        Assert.InRange(answer.Continuation.NewIds.Count, 2, 100);
        Assert.Equal((told, told), (answer.Continuation.Text, session.Turns[0].Answer));
        Assert.False(session.Answer("and").WasEnded);
        Assert.Equal(["user", "assistant", "user", "assistant"], session.Messages.Select(m => m.Role));
    }

    [Fact]
    public void What_no_longer_fits_is_left_out_turn_by_turn_and_comes_back_with_what_is_taken_back()
    {
        using var session = Session(16);
        string message = string.Concat(Enumerable.Repeat("dog ", 60));
        var leftOut = new List<int>();
        while (leftOut.Count == 0)
        {
            var answer = session.Answer(message, onLeftOut: leftOut.Add);
            Assert.InRange(answer.Continuation.PromptIds.Count + answer.Continuation.NewIds.Count, 1, session.Context);
        }

        int first = session.Turns[^1].First;
        Assert.Equal([first], leftOut);
        Assert.InRange(first, 1, session.Turns.Count - 1);
        Assert.Equal(0, session.Turns[^2].First);
        Assert.Equal(2 * session.Turns.Count, session.Messages.Count);
        string last = session.Turns[^1].Answer;
        Assert.True(session.Undo());
        session.Answer(message);
        Assert.Equal((first, last), (session.Turns[^1].First, session.Turns[^1].Answer));

        int turns = session.Turns.Count;
        string longest = string.Concat(Enumerable.Repeat("dog ", 600));
        Assert.StartsWith(
            "The message has ", Assert.Throws<InvalidInputException>(() => session.Answer(longest)).Message, StringComparison.Ordinal);
        Assert.Equal(turns, session.Turns.Count);
        session.Reset();
        Assert.False(session.Undo());
    }

    [Fact]
    public void An_answer_that_reaches_the_models_longest_text_says_so()
    {
        using var session = Session(400);
        var answer = session.Answer(string.Concat(Enumerable.Repeat("dog ", 70)));
        Assert.True(answer.IsFull);
        Assert.Equal(session.Context, answer.Continuation.PromptIds.Count + answer.Continuation.NewIds.Count);
    }

    private ChatSession Session(int newTokens) => new(_model, new GenerationOptions { MaxNewTokens = newTokens });
}
