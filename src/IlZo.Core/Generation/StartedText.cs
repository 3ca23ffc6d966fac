using System.Threading.Channels;
using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>A text that a <see cref="ConcurrentTextGenerator"/> continues, or will when it is its turn.</summary>
public sealed class StartedText
{
    private readonly Channel<TextPiece> _pieces =
        Channel.CreateUnbounded<TextPiece>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly TaskCompletionSource<Continuation> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _cancellation;

    internal StartedText(LanguageModel model, ITokenizer tokenizer, TextRequest request, CancellationToken cancellation)
    {
        var options = request.Options;
        Adapter = request.Adapter;
        Text = new ContinuedText(
            model,
            tokenizer,
            request.PromptIds,
            options.NewTokens(model.Generation, request.PromptIds.Count),
            options.Sampling(model.Generation),
            options.StopStrings,
            piece => _pieces.Writer.TryWrite(piece),
            model.ShapeWith(request.Adapter),
            request.TopLogProbabilities);
        _cancellation = cancellation;
    }

    /// <summary>The pieces as they are generated, to be read once. They end, without an exception, however the text does.</summary>
    public IAsyncEnumerable<TextPiece> Pieces => _pieces.Reader.ReadAllAsync(CancellationToken.None);

    /// <summary>The whole continuation; it fails with what ended the work, if something did.</summary>
    public Task<Continuation> End => _end.Task;

    /// <summary>The text itself, which is the worker's.</summary>
    internal ContinuedText Text { get; }

    /// <summary>What it is continued with.</summary>
    internal Adapter? Adapter { get; }

    /// <summary>Whether nobody waits for it any more.</summary>
    internal bool IsUnwanted => _cancellation.IsCancellationRequested;

    internal void Finish(Continuation continuation)
    {
        _pieces.Writer.Complete();
        _end.SetResult(continuation);
    }

    internal void Fail(Exception exception)
    {
        _pieces.Writer.Complete();
        if (exception is OperationCanceledException)
        {
            _end.SetCanceled(_cancellation.IsCancellationRequested ? _cancellation : CancellationToken.None);
        }
        else
        {
            _end.SetException(exception);
        }
    }
}
