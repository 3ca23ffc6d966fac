using System.Runtime.InteropServices;
using System.Text;
using IlZo.Datasets;
using IlZo.Models;
using IlZo.Tasks;
using IlZo.Tokenization;

namespace IlZo.Training;

/// <summary>The encoded examples of a run.</summary>
/// <param name="Objective">What they are trained on.</param>
/// <param name="Train">Examples to train on.</param>
/// <param name="Dev">Examples that decide which checkpoint is kept.</param>
/// <param name="Test">Examples that the result is measured on.</param>
public sealed record TrainingExamples(
    TaskObjective Objective, IReadOnlyList<EncodedExample> Train, IReadOnlyList<EncodedExample> Dev, IReadOnlyList<EncodedExample> Test)
{
    /// <summary>What the task is called where a program gives the examples.</summary>
    internal const string TaskName = "program";

    /// <summary>Rows of the user's data that were left out.</summary>
    public int SkippedRows { get; init; }

    /// <summary>What was wrong with the first row that was left out.</summary>
    public string? FirstProblem { get; init; }

    /// <summary>What is to be said of the user's rows, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>How their answers are generated; null where candidates are compared.</summary>
    internal AnswerSettings? Answers { get; private init; }

    /// <summary>What judges the predictions of them.</summary>
    public IReadOnlyList<IMetric> Metrics { get; private init; } = MetricCatalog.Usual(AnswerKind.Text);

    /// <summary>Loads, samples and encodes a task's data, or the user's own, or takes the program's.</summary>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    internal static TrainingExamples Load(
        TrainingOptions options, LanguageModel model, ITokenizer tokenizer, CancellationToken cancellation = default)
    {
        if (Presets.TaskOf(options) == TaskName)
        {
            var examples = (options.Examples ?? throw NotGiven()).Load(options, model, tokenizer, cancellation);
            examples.RequireFitting(model);
            return examples;
        }

        if (Presets.TaskOf(options) == UserData.TaskName)
        {
            return OwnExamples.Load(options, model, tokenizer, cancellation);
        }

        var task = TaskExamples.Load(options, model, tokenizer);
        options.RequireObjectiveOf(task.Definition);
        var data = task.Data;
        var drawn = options.Shots is { } shots ? DrawFewShot(options, data, shots) : Draw(options, data);
        return new TrainingExamples(
            task.Objective, Encode(data.Train, drawn.Train), Encode(data.Dev ?? data.Train, drawn.Dev), Encode(data.Validation, drawn.Test))
        {
            Answers = task.Answers,
            Metrics = task.Definition.Metrics,
        };

        EncodedExample[] Encode(ExampleList examples, int[] indices) => [.. indices.Select(i => EncodeOne(examples[i]))];

        EncodedExample EncodeOne(Example example)
        {
            cancellation.ThrowIfCancellationRequested();
            return task.Encode(example);
        }
    }

    private static DataSplit Draw(TrainingOptions options, TaskData data)
    {
        int dev = options.DevSize ?? data.Definition.DevExamples;
        int devFromTrain = data.Dev is null ? dev : 0;
        var split = Sampling.Split(
            data.Train.Count, data.Validation.Count, options.TrainSize ?? Sampling.DefaultTrain, devFromTrain,
            options.TestSize ?? Sampling.DefaultTest, options.SamplingSeed);
        return data.Dev is { } own ? split with { Dev = Sampling.Take(own.Count, dev, options.SamplingSeed) } : split;
    }

    private static DataSplit DrawFewShot(TrainingOptions options, TaskData data, int shots)
    {
        int classes = data.Definition.CandidateCount;
        if (classes < 2)
        {
            throw new InvalidInputException(
                $"{Setting.Shots} is {shots} and task {data.Definition.Name} has no classes; a task with the same candidates for every "
                    + "row was "
                    + "expected.");
        }

        int dev = options.DevSize ?? shots;
        var (train, devOfTrain) = Of(data.Train, data.Dev is null ? dev : 0);
        int[] ofDev = data.Dev is { } own && dev > 0 ? Of(own, 0).Train : devOfTrain;
        int testSize = options.TestSize ?? Sampling.DefaultTest;
        int[] test = data.Validation.Count > testSize
            ? Sampling.Take(data.Validation.Count, testSize, FewShotSampling.TestSeed)
            : [.. Enumerable.Range(0, data.Validation.Count)];
        return new DataSplit(train, ofDev, test);

        (int[] Train, int[] Dev) Of(ExampleList rows, int more) =>
            FewShotSampling.Draw(rows.Count, classes, i => rows[i].Correct, shots, more, options.SamplingSeed);
    }

    /// <summary>
    /// SHA-256 of all token ids, types of tokens that the model tells apart, the places of option tokens, labels and gold answers.
    /// </summary>
    internal string Sha256()
    {
        var hash = new Sha256();
        foreach (var part in (IReadOnlyList<EncodedExample>[])[Train, Dev, Test])
        {
            foreach (var example in part)
            {
                foreach (var candidate in example.Candidates)
                {
                    hash.Append(MemoryMarshal.AsBytes<int>([example.Correct, candidate.Tokens.Length, candidate.OptionLength]));
                    hash.Append(MemoryMarshal.AsBytes<int>(candidate.Tokens));
                    hash.Append(MemoryMarshal.AsBytes<int>(candidate.Types));
                    if (candidate.Reading is { } reading)
                    {
                        hash.Append(MemoryMarshal.AsBytes<int>([reading.Token, reading.Output]));
                    }
                    hash.Append(MemoryMarshal.AsBytes<int>(candidate.Scored));
                }

                foreach (string answer in example.Answers)
                {
                    hash.Append(Encoding.UTF8.GetBytes(answer));
                    hash.Append([0xFF]);
                }
            }

            hash.Append([0xFF]);
        }

        return Convert.ToHexStringLower(hash.Finish());
    }

    /// <summary>The refusal of a training on examples of a program that are not there.</summary>
    internal static InvalidInputException NotGiven() =>
        new($"The task is '{TaskName}', whose examples a program gives ({nameof(TrainingOptions)}.{nameof(TrainingOptions.Examples)}); "
            + "they were expected.");

    // What is encoded here is right by its making; a program's own encoding may be anything.
    private void RequireFitting(LanguageModel model)
    {
        if (Train.Count == 0)
        {
            throw new InvalidInputException("The program gives no examples to train on; at least one was expected.");
        }

        foreach (var example in Train.Concat(Dev).Concat(Test))
        {
            Require(example.Candidates.Count > 0 && example.Correct >= 0
                && example.Correct < example.Candidates.Count, example, "a correct candidate");
            foreach (var candidate in example.Candidates)
            {
                Require(candidate.Tokens.Length <= model.Shape.LongestText, example, $"at most {model.Shape.LongestText} tokens");
                Require(
                    Array.TrueForAll(candidate.Tokens, id => id >= 0 && id < model.Shape.Vocabulary),
                    example,
                    $"token ids from 0 to {model.Shape.Vocabulary - 1}");
                Require(IsScorable(candidate, model), example, "scored tokens, each with one before it");
            }
        }

        static void Require(bool condition, EncodedExample example, string expectation)
        {
            if (!condition)
            {
                throw new InvalidInputException(
                    $"{example.Where}: the program's example cannot be used; it was expected to have {expectation}.");
            }
        }
    }

    private static bool IsScorable(EncodedCandidate candidate, LanguageModel model) => candidate.Reading is { } reading
        ? reading.Token >= 0 && reading.Token < candidate.Tokens.Length && reading.Output >= 0 && reading.Output < model.Head.Rows
        : candidate.OptionLength >= 1 && candidate.OptionLength < candidate.Tokens.Length
            && Enumerable.Range(0, candidate.OptionLength).All(
                i => candidate.PlaceOf(i) > (i == 0 ? 0 : candidate.PlaceOf(i - 1)) && candidate.PlaceOf(i) < candidate.Tokens.Length);

    /// <summary>Refuses tokens, and types of tokens, that the model does not have.</summary>
    internal static EncodedExample Checked(EncodedExample example, LanguageModel model)
    {
        int type = example.Candidates.Max(c => c.Types?.Max() ?? 0);
        if (type >= model.TokenTypes)
        {
            throw new InvalidInputException(
                $"{example.Where}: the tokenizer gives tokens of type {type}; types below the model's {model.TokenTypes} (type_vocab_size) "
                    + "were expected.");
        }

        int largest = example.Candidates.Max(c => Math.Max(c.Tokens.Max(), c.Reading?.Output ?? 0));
        return largest < model.Shape.Vocabulary
            ? example
            : throw new InvalidInputException(
                $"{example.Where}: the tokenizer gives id {largest}; ids below the model's vocabulary of {model.Shape.Vocabulary} were "
                    + "expected.");
    }
}
