using System.Runtime.InteropServices;
using System.Security.Cryptography;
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
    /// <summary>Loads, samples and encodes a task's data.</summary>
    public static TrainingExamples Load(TrainingOptions options, LanguageModel model, ITokenizer tokenizer)
    {
        var definition = TaskCatalog.Load(options.Task);
        var data = options.Data is { } folder ? TaskData.Load(definition, folder) : TaskData.LoadBuiltIn(definition);
        int dev = options.DevSize ?? definition.DevExamples;
        int devFromTrain = data.Dev is null ? dev : 0;
        var split = Sampling.Split(data.Train.Count, data.Validation.Count, options.TrainSize, devFromTrain, options.TestSize, options.Seed);
        var encoder = new ExampleEncoder(tokenizer, Math.Min(options.MaxLength ?? int.MaxValue, model.Shape.MaxPositions));
        return new TrainingExamples(
            definition.Objective,
            Encode(data.Train, split.Train),
            data.Dev is { } own ? Encode(own, Sampling.Take(own.Count, dev, options.Seed)) : Encode(data.Train, split.Dev),
            Encode(data.Validation, split.Test));

        EncodedExample[] Encode(ExampleList examples, int[] indices) => [.. indices.Select(i => Checked(encoder.Encode(examples[i])))];

        EncodedExample Checked(EncodedExample example)
        {
            int largest = example.Candidates.Max(c => c.Tokens.Max());
            return largest < model.Shape.Vocabulary
                ? example
                : throw new InvalidInputException(
                    $"{example.Where}: the tokenizer gives id {largest}; ids below the model's vocabulary of {model.Shape.Vocabulary} were expected.");
        }
    }

    /// <summary>SHA-256 of all token ids, option lengths and labels.</summary>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in (IReadOnlyList<EncodedExample>[])[Train, Dev, Test])
        {
            foreach (var example in part)
            {
                foreach (var candidate in example.Candidates)
                {
                    hash.AppendData(MemoryMarshal.AsBytes<int>([example.Correct, candidate.Tokens.Length, candidate.OptionLength]));
                    hash.AppendData(MemoryMarshal.AsBytes<int>(candidate.Tokens));
                }
            }

            hash.AppendData([0xFF]);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
