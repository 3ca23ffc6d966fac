using System.Text;
using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>A prompt that is continued: tokens are chosen by a sampler, and text is told as soon as it is settled.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="prompt">The tokens that it begins with, at least one.</param>
/// <param name="maxNewTokens">The most tokens to add; fewer where the model's positions end.</param>
/// <param name="sampling">How tokens are chosen.</param>
/// <param name="stopStrings">Texts that end the continuation and are no part of it.</param>
/// <param name="onText">Told each piece of text.</param>
internal sealed class ContinuedText(
    LanguageModel model, ITokenizer tokenizer, IReadOnlyList<int> prompt, int maxNewTokens, SamplingOptions sampling,
    IReadOnlyList<string> stopStrings, Action<string>? onText)
    : GrowingText(prompt, (int)Math.Min((long)prompt.Count + maxNewTokens, model.Shape.LongestText))
{
    private readonly StreamingText _stream = new(tokenizer, prompt);
    private readonly StopStrings _stops = new(stopStrings);
    private readonly TokenSampler _sampler = new(sampling);
    private readonly StringBuilder _text = new();
    private StopReason? _stop;

    /// <summary>What it has become; text that was held back is told now.</summary>
    public Continuation End()
    {
        Tell(_stream.Finish());
        string held = _stops.Finish();
        _text.Append(held);
        if (held.Length > 0)
        {
            onText?.Invoke(held);
        }

        var stop = _stops.IsComplete ? StopReason.StopString
            : _stop ?? (Room < Prompt.Count + (long)maxNewTokens ? StopReason.MaxPositions : StopReason.MaxNewTokens);
        return new Continuation(Prompt, Ids[Prompt.Count..], _text.ToString(), stop);
    }

    protected override bool Take(Span<float> logits)
    {
        _sampler.Penalize(logits, Ids);
        int id = _sampler.Choose(logits, Ids.Count);
        Ids.Add(id);
        Tell(_stream.Add(id));
        if (!_stops.IsComplete && Ends(model, tokenizer, id))
        {
            _stop = StopReason.EndOfText;
        }

        return _stop is null && !_stops.IsComplete;
    }

    private void Tell(string settled)
    {
        string piece = _stops.Add(settled);
        _text.Append(piece);
        if (piece.Length > 0)
        {
            onText?.Invoke(piece);
        }
    }
}
