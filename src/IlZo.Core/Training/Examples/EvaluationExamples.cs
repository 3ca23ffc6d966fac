using IlZo.Models;
using IlZo.Tasks;
using IlZo.Tokenization;

namespace IlZo.Training;

/// <summary>How examples are put to a model that is not trained on them.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Solved training examples in front of every prompt.</summary>
    public int Demonstrations { get; init; }

    /// <summary>Whether every test example has demonstrations of its own.</summary>
    public bool DemonstrationsPerExample { get; init; }

    /// <summary>Whether predictions are calibrated by a prompt without content.</summary>
    public bool Calibrate { get; init; }

    /// <summary>Refuses numbers that mean nothing.</summary>
    /// <exception cref="InvalidInputException">A number is outside its range, or options do not go together.</exception>
    public void Validate()
    {
        if (Demonstrations < 0)
        {
            throw new InvalidInputException($"{Setting.Demonstrations} is {Demonstrations}; 0 or more was expected.");
        }

        if (DemonstrationsPerExample && Demonstrations == 0)
        {
            throw new InvalidInputException(
                $"{Setting.DemonstrationsPerExample} is given without demonstrations; {Setting.Demonstrations} of 1 or more was expected.");
        }
    }
}

/// <summary>The encoded test examples of an evaluation without training: zero-shot, or with demonstrations in the prompt.</summary>
/// <param name="Task">What they are examples of.</param>
/// <param name="Test">The examples.</param>
/// <param name="ContentFree">For each of them its candidates after a prompt without content; null without calibration.</param>
internal sealed record EvaluationExamples(TaskExamples Task, IReadOnlyList<EncodedExample> Test, IReadOnlyList<EncodedExample>? ContentFree)
{
    /// <summary>Loads, samples and encodes a task's validation rows.</summary>
    /// <param name="options">The task, its data, the seed and the sizes.</param>
    /// <param name="evaluation">What stands around the examples.</param>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">The data or an option cannot be used with this model.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static EvaluationExamples Load(
        TrainingOptions options, EvaluationOptions evaluation, LanguageModel model, ITokenizer tokenizer,
        CancellationToken cancellation = default)
    {
        evaluation.Validate();
        if (evaluation.Demonstrations > 0 || evaluation.Calibrate)
        {
            model.RequireCausal();
        }

        var task = TaskExamples.Load(options, model, tokenizer);
        if (evaluation.Calibrate && !task.Definition.HasContentFree)
        {
            throw new InvalidInputException(
                $"{Setting.Calibrate} is given and task {task.Definition.Name} has no prompt without content; a task with "
                    + "\"content_free\" was "
                    + "expected.");
        }

        var validation = task.Data.Validation;
        int[] rows = Sampling.Take(validation.Count, options.TestSize ?? Sampling.DefaultTest, options.SamplingSeed);
        var demonstrations = DemonstrationsOf(task.Data, evaluation, options.SamplingSeed, rows.Length);
        return new EvaluationExamples(
            task,
            [.. rows.Select((row, i) => Encode(validation[row], i))],
            evaluation.Calibrate ? [.. rows.Select((row, i) => Encode(validation.ContentFree(row), i))] : null);

        EncodedExample Encode(Example example, int index)
        {
            cancellation.ThrowIfCancellationRequested();
            return task.Encode(example, demonstrations[index]);
        }
    }

    private static IReadOnlyList<string> DemonstrationsOf(
        TaskData data, EvaluationOptions evaluation, uint seed, int examples) => evaluation switch
        {
            { Demonstrations: 0 } => [.. Enumerable.Repeat(string.Empty, examples)],
            { DemonstrationsPerExample: true } => Demonstrations.PerExample(data.Train, evaluation.Demonstrations, seed, examples),
            _ => [.. Enumerable.Repeat(Demonstrations.Shared(data.Train, evaluation.Demonstrations, seed), examples)],
        };
}
