using System.Diagnostics;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Perturbations;

namespace IlZo.Benchmarks;

/// <summary>How fast texts are generated, alone and together.</summary>
/// <param name="Texts">Texts that grow together.</param>
/// <param name="AloneSeconds">Median of the time of a token of one text.</param>
/// <param name="TogetherSeconds">Median of the time of a token of each of the texts.</param>
/// <param name="PromptSeconds">Median of the time of a prompt.</param>
/// <param name="Threads">Threads used.</param>
internal sealed record DecodeBenchmark(int Texts, double AloneSeconds, double TogetherSeconds, double PromptSeconds, int Threads)
{
    // New tokens of each text.
    private const int NewTokens = 16;

    /// <summary>Tokens in a second where one text is generated.</summary>
    public double AloneRate => 1 / AloneSeconds;

    /// <summary>Tokens in a second where all are, of all of them.</summary>
    public double TogetherRate => Texts / TogetherSeconds;

    /// <summary>Measures a model.</summary>
    /// <param name="model">A checkpoint folder or the built-in model.</param>
    /// <param name="texts">Texts that grow together.</param>
    /// <param name="length">Tokens of each prompt.</param>
    /// <param name="repetitions">Measured repetitions, after one that is not.</param>
    /// <param name="threads">Threads, or null for all processors.</param>
    /// <param name="engine">What computes products of prompts; null for the C# kernels.</param>
    /// <exception cref="InvalidInputException">The model is not causal, or its texts are too short.</exception>
    public static DecodeBenchmark Run(string model, int texts, int length, int repetitions, int? threads, EngineChoice? engine = null)
    {
        using var loaded = ModelLoader.Load(model);
        loaded.RequireCausal();
        if (length + NewTokens > loaded.Shape.LongestText)
        {
            throw new InvalidInputException(
                $"Prompts have {length} tokens; at most {loaded.Shape.LongestText - NewTokens} were expected, so that {NewTokens} can "
                    + "follow.");
        }

        using var backend = new CpuBackend(threads, engine);
        using var slots = new TextSlots(loaded, loaded.Shape.Vocabulary, backend, Probe.Unperturbed, length + NewTokens, texts);
        var prompts = new List<double>();
        double alone = 0;
        double together = 0;
        foreach (int count in (int[])[1, texts])
        {
            var times = new List<double>();
            for (int repetition = 0; repetition <= repetitions; repetition++)
            {
                for (int slot = 0; slot < count; slot++)
                {
                    // The first token makes each prompt one that no slot has begun.
                    int first = (int)(((repetition * (long)texts) + slot + count) % loaded.Shape.Vocabulary);
                    long start = Stopwatch.GetTimestamp();
                    slots.Begin(slot, [first, .. Enumerable.Range(0, length - 1).Select(i => i % loaded.Shape.Vocabulary)]);
                    prompts.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                }

                (int Slot, int Id)[] tokens = [.. Enumerable.Range(0, count).Select(slot => (slot, 0))];
                long begun = Stopwatch.GetTimestamp();
                for (int token = 0; token < NewTokens; token++)
                {
                    slots.Advance(tokens);
                }

                times.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds / NewTokens);
            }

            (alone, together) = (together, Statistics.Median(times.Skip(1)));
        }

        return new DecodeBenchmark(texts, alone, together, Statistics.Median(prompts.Skip(1)), backend.Threads);
    }
}
