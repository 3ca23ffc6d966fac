using System.Text;
using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>A prompt that is continued: tokens are chosen by a sampler, and text is told as soon as it is settled.</summary>
internal sealed class ContinuedText : GrowingText
{
    private readonly LanguageModel _model;
    private readonly ITokenizer _tokenizer;
    private readonly int _maxNewTokens;
    private readonly Action<TextPiece>? _onPiece;
    private readonly StreamingText _stream;
    private readonly StopStrings _stops;
    private readonly TokenSampler _sampler;
    private readonly TokenScores? _scores;
    private readonly StringBuilder _text = new();
    private int _settled;
    private StopReason? _stop;

    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompt">The tokens that it begins with, at least one.</param>
    /// <param name="maxNewTokens">The most tokens to add; fewer where the model's positions end.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones where it is null.</param>
    /// <param name="stopStrings">Texts that end the continuation and are no part of it; none where it is null.</param>
    /// <param name="onPiece">Told each piece, which is empty only where it has tokens.</param>
    /// <param name="shape">The sizes of the model with the adapter that the text is continued with; null for the present one.</param>
    /// <param name="top">
    /// How many of the most probable tokens pieces name in the place of each of theirs; null for pieces without tokens.
    /// </param>
    /// <param name="where">What messages call the prompt.</param>
    /// <exception cref="InvalidInputException">The model is not causal, there are too many tokens or some are not in its vocabulary, or a
    /// number is out of range.</exception>
    public ContinuedText(
        LanguageModel model,
        ITokenizer tokenizer,
        IReadOnlyList<int> prompt,
        int maxNewTokens,
        SamplingOptions? sampling = null,
        IReadOnlyList<string>? stopStrings = null,
        Action<TextPiece>? onPiece = null,
        ModelShape? shape = null,
        int? top = null,
        string where = "The prompt")
        : base(prompt, (int)Math.Min((long)prompt.Count + maxNewTokens, (shape ?? model.Shape).LongestText))
    {
        model.RequireCausal();
        TextScorer.CheckIds(prompt, shape ?? model.Shape, where);
        sampling ??= new SamplingOptions();
        sampling.Validate();
        if (maxNewTokens < 0)
        {
            throw new InvalidInputException($"{Setting.MaxNewTokens} is {maxNewTokens}; 0 or more was expected.");
        }

        (_model, _tokenizer, _maxNewTokens, _onPiece) = (model, tokenizer, maxNewTokens, onPiece);
        _stream = new StreamingText(tokenizer, prompt);
        _stops = new StopStrings(stopStrings ?? []);
        _sampler = new TokenSampler(sampling);
        _scores = top is { } count ? new TokenScores(count) : null;
    }

    /// <summary>What it has become; text that was held back is told now.</summary>
    public Continuation End()
    {
        Tell(_stops.Add(_stream.Finish()) + _stops.Finish(), _stops.IsComplete ? null : int.MaxValue);
        var stop = _stops.IsComplete ? StopReason.StopString
            : _stop ?? (Room < Prompt.Count + (long)_maxNewTokens ? StopReason.MaxPositions : StopReason.MaxNewTokens);
        return new Continuation(Prompt, Ids[Prompt.Count..], _text.ToString(), stop);
    }

    protected override bool Take(NextToken next)
    {
        _scores?.Read(next);
        _sampler.Penalize(next.Logits, Ids);
        int id = _sampler.Choose(next.Logits, Ids.Count);
        bool ends = Ends(_model, _tokenizer, id);
        Ids.Add(id);
        if (!ends)
        {
            _scores?.Add(id, _settled);
        }

        string settled = _stream.Add(id);
        _settled += settled.Length;
        Tell(_stops.Add(settled), null);
        if (!_stops.IsComplete && ends)
        {
            _stop = StopReason.EndOfText;
        }

        return _stop is null && !_stops.IsComplete;
    }

    // A token is told with the text it begins in, and at the end even if it has none.
    private void Tell(string text, int? end)
    {
        _text.Append(text);
        var tokens = _scores?.Release(end ?? _text.Length) ?? [];
        if (text.Length > 0 || tokens.Count > 0)
        {
            _onPiece?.Invoke(new TextPiece(text, tokens));
        }
    }
}
