using System.Numerics.Tensors;
using IlZo.Backends;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>
/// Answers prompts with the most probable tokens up to the end of the line, as princeton-nlp/MeZO does to evaluate generation tasks
/// (<c>large_models/run.py</c>). Several are answered at a time, and what a prompt begins with like one before it is not computed again;
/// answers depend on neither.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="backend">The device.</param>
/// <param name="maxNewTokens">Tokens of an answer at most; fewer where the model's positions end.</param>
/// <remarks>
/// Not thread-safe: a call during another, from a second thread or out of a callback, throws <see cref="InvalidOperationException"/>.
/// Threads that work at the same time have a generator and a backend each, over one model.
/// </remarks>
internal sealed class AnswerGenerator(LanguageModel model, ITokenizer tokenizer, IBackend backend, int maxNewTokens)
{
    private readonly UseGuard _use = new(nameof(AnswerGenerator));

    /// <summary>Tokens that went through the model so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>The answer to each prompt, without white space at its ends; null where the model's logits are not finite.</summary>
    /// <param name="prompts">Tokens of each prompt, at least one and fewer than the model has positions.</param>
    /// <param name="probe">The weights: a single point.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    public IReadOnlyList<string?> Generate(IReadOnlyList<int[]> prompts, Probe probe, CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        AnswerText[] answers = [.. prompts.Select(p => new AnswerText(model, tokenizer, p, Room(p.Length)))];
        int longest = answers.Max(a => a.Room);
        using var slots = new TextSlots(
            model, tokenizer.VocabularySize, backend, probe, longest, TextSlots.CountFor(model, longest, answers.Length));
        GrowingText.GrowAll(slots, answers, cancellation: cancellation);
        Tokens += slots.Tokens;
        return [.. answers.Select(a => a.Answer())];
    }

    private int Room(int promptLength) => (int)Math.Min((long)promptLength + maxNewTokens, model.Shape.LongestText);

    private sealed class AnswerText(LanguageModel model, ITokenizer tokenizer, int[] prompt, int room) : GrowingText(prompt, room)
    {
        private bool _isFinite = true;

        public string? Answer()
        {
            string all = tokenizer.Decode([.. Ids]);
            int start = tokenizer.Decode([.. Prompt]).Length;
            return !_isFinite ? null : all.Length > start ? all[start..].Trim() : string.Empty;
        }

        protected override bool Take(NextToken next)
        {
            _isFinite = float.IsFinite(TensorPrimitives.Max<float>(next.Logits));
            int id = TokenRanking.Best(next.Logits);
            if (!_isFinite || Ends(model, tokenizer, id))
            {
                return false;
            }

            Ids.Add(id);
            return !EndsLine(id);
        }

        // The token of one newline, or one that ends in it where the tokenizer joins it to punctuation; a blank line does not end an
        // answer.
        private bool EndsLine(int id)
        {
            string text = tokenizer.Decode([id]);
            return text.EndsWith('\n') && !text.EndsWith("\n\n", StringComparison.Ordinal);
        }
    }
}
