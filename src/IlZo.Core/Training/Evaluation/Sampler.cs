using IlZo.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Tasks;
using IlZo.Tokenization;

namespace IlZo.Training;

/// <summary>
/// Asks a model for its answers to a few examples, for people to read: the candidate that it chooses, the answer that it generates, or how
/// it continues a text.
/// </summary>
/// <param name="examples">The examples.</param>
/// <param name="tokenizer">The model's tokenizer.</param>
internal sealed class Sampler(IReadOnlyList<EncodedExample> examples, ITokenizer tokenizer)
{
    /// <summary>Tokens of a continuation at most.</summary>
    public const int NewTokens = 48;

    // A text without a prompt is continued from so many tokens, or its first half.
    private const int Beginning = 32;

    /// <summary>Takes the first dev examples, or test or training examples where there are none of those.</summary>
    /// <returns>Null where there are to be no samples.</returns>
    public static Sampler? Of(TrainingExamples examples, int count, ITokenizer tokenizer)
    {
        var from = examples.Dev.Count > 0 ? examples.Dev : examples.Test.Count > 0 ? examples.Test : examples.Train;
        return count == 0 ? null : new Sampler([.. from.Take(count)], tokenizer);
    }

    /// <summary>The samples of a run that has not begun.</summary>
    /// <param name="answers">What the model says now.</param>
    public RunSamples Begin(IReadOnlyList<string?> answers) => new(
        null, [.. examples.Zip(answers, (e, answer) => new RunSample(e.Where, PromptOf(e), ExpectedOf(e), answer, null))]);

    /// <summary>The samples of a run that has ended.</summary>
    /// <param name="begun">Those of its beginning; null where there are none.</param>
    /// <param name="step">The step whose weights are kept.</param>
    /// <param name="answers">What the model says with them.</param>
    public RunSamples End(RunSamples? begun, long step, IReadOnlyList<string?> answers) => new(step,
    [
        .. examples.Zip(answers, (e, answer) => new RunSample(
            e.Where, PromptOf(e), ExpectedOf(e), begun?.Samples.FirstOrDefault(s => s.Where == e.Where)?.Before, answer)),
    ]);

    /// <summary>What the model says to each example; null where its numbers allow no answer.</summary>
    /// <param name="evaluator">Evaluates what is not continued.</param>
    /// <param name="model">The model.</param>
    /// <param name="backend">Its device, which holds its weights.</param>
    /// <param name="cancellation">Ends the work.</param>
    public IReadOnlyList<string?> Ask(
        LossEvaluator evaluator, LanguageModel model, IBackend backend, CancellationToken cancellation)
    {
        if (!examples.All(IsText))
        {
            return [.. evaluator.Evaluate(examples, cancellation).Predictions.Select(Answer)];
        }

        // One at a time: for a sample no run needs more memory than it trains in.
        var generator = new TextGenerator(model, tokenizer, backend);
        return [.. examples.Select(e => Continue(generator, e, cancellation))];
    }

    private static bool IsText(EncodedExample example) =>
        example.Candidates.Count == 1 && example.Candidates[0].Reading is null && example.Prompt.Length == 0;

    private string? Answer(Prediction prediction) =>
        prediction.IsGenerated || prediction.Text is null ? prediction.Text : Name(prediction.Example, prediction.Choice);

    private string Continue(TextGenerator generator, EncodedExample example, CancellationToken cancellation)
    {
        int[] prompt = example.Candidates[0].Tokens[..StartOf(example)];
        var text = generator.Generate(prompt, NewTokens, cancellation: cancellation);
        return text.Text + (text.Stop == StopReason.MaxNewTokens ? "…" : "");
    }

    // A program's own examples need not say what their candidates are called.
    private string Name(EncodedExample example, int candidate) => candidate < example.CandidateTexts.Count
        ? example.CandidateTexts[candidate].Trim()
        : example.Candidates[candidate] is { Reading: null } text ? tokenizer.Decode(text.Option)
        : FormattableString.Invariant($"candidate {candidate}");

    private string PromptOf(EncodedExample example) => tokenizer.Decode(
        example.Prompt.Length > 0 ? example.Prompt
            : IsText(example) ? example.Candidates[0].Tokens.AsSpan(0, StartOf(example))
            : example.Candidates[0].Reading is not null ? example.Candidates[0].Tokens
            : example.Candidates[0].Tokens.AsSpan(0, ScoringBatch.CommonPrefix(example.Candidates)));

    private string ExpectedOf(EncodedExample example)
    {
        if (example.Answers.Count > 0)
        {
            return example.Answers[0];
        }

        if (!IsText(example))
        {
            return Name(example, example.Correct);
        }

        var text = example.Candidates[0];
        int start = StartOf(example);
        int end = Math.Min(EndOf(text, start), start + NewTokens);
        string all = tokenizer.Decode(text.Tokens.AsSpan(0, end));
        int prompt = tokenizer.Decode(text.Tokens.AsSpan(0, start)).Length;
        return (all.Length > prompt ? all[prompt..] : "") + (end < EndOf(text, start) ? "…" : "");
    }

    // Where an answer begins. A text that is all answer has none of its own to begin from.
    private static int StartOf(EncodedExample example)
    {
        var text = example.Candidates[0];
        int scored = text.PlaceOf(0);
        return scored > 1 ? scored : Math.Clamp(text.Tokens.Length / 2, 1, Beginning);
    }

    // Where the answer that goes on at a token ends: a conversation may have further turns.
    private static int EndOf(EncodedCandidate text, int start)
    {
        if (text.Scored is not { } places)
        {
            return text.Tokens.Length;
        }

        int end = start;
        while (Array.BinarySearch(places, end) >= 0)
        {
            end++;
        }

        return end;
    }
}
