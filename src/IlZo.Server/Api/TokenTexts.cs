using System.Text;
using IlZo.Cli;
using IlZo.Generation;
using IlZo.Tokenization;

namespace IlZo.Server.Api;

/// <summary>The texts of a continuation's tokens, in which a token's depends on those before it.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="prompt">The tokens of the prompt.</param>
internal sealed class TokenTexts(ITokenizer tokenizer, IReadOnlyList<int> prompt)
{
    // More than a character is made of.
    private const int Context = 8;

    // What the protocol has for a probability of 0, whose logarithm JSON cannot write.
    private const double Impossible = -9999;

    private readonly List<int> _before = [.. prompt.Skip(prompt.Count - Context)];

    /// <summary>The tokens of a piece, as conversations tell them.</summary>
    public ChatLogProbabilities Chat(IReadOnlyList<ChosenToken> tokens) => new([.. tokens.Select(token =>
    {
        TokenDetail[] top = [.. token.Top.Select(t => Detail(t.Id, t.LogProbability, null))];
        var detail = Detail(token.Id, token.LogProbability, top);
        Add(token.Id);
        return detail;
    })]);

    /// <summary>The tokens of a piece, as continuations of texts tell them.</summary>
    public TextLogProbabilities Text(IReadOnlyList<ChosenToken> tokens)
    {
        var texts = new List<string>();
        var tops = new List<IReadOnlyDictionary<string, double>>();
        foreach (var token in tokens)
        {
            // Of tokens with the same text, the most probable.
            var top = new OrderedDictionary<string, double>();
            foreach (var (id, logProbability) in token.Top)
            {
                top.TryAdd(Of(id), Finite(logProbability));
            }

            texts.Add(Of(token.Id));
            tops.Add(top);
            Add(token.Id);
        }

        return new TextLogProbabilities(texts, [.. tokens.Select(t => Finite(t.LogProbability))], tops, [.. tokens.Select(t => t.Start)]);
    }

    private static double Finite(double logProbability) => double.IsFinite(logProbability) ? logProbability : Impossible;

    private TokenDetail Detail(int id, double logProbability, IReadOnlyList<TokenDetail>? top)
    {
        string text = Of(id);
        int[]? bytes = IsWhole(id) ? [.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)] : null;
        return new TokenDetail(text, Finite(logProbability), bytes, top);
    }

    // A token that is a part of a character has no text of its own, and is called what the vocabulary calls it.
    private string Of(int id) => IsWhole(id) ? Added(id) : tokenizer.Piece(id) ?? Added(id);

    private bool IsWhole(int id) => !tokenizer.Decode([id], skipSpecialTokens: false).Contains('\uFFFD', StringComparison.Ordinal);

    private string Added(int id) => TokenText.After(tokenizer, _before, id) ?? string.Empty;

    private void Add(int id)
    {
        _before.Add(id);
        if (_before.Count > Context)
        {
            _before.RemoveAt(0);
        }
    }
}
