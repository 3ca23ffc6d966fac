namespace IlZo.Tasks;

/// <summary>
/// Solved examples in front of a prompt, for in-context learning (princeton-nlp/MeZO, <c>large_models/tasks.py</c>,
/// <c>sample_train_sets</c>, and <c>utils.py</c>, <c>encode_prompt</c>).
/// </summary>
internal static class Demonstrations
{
    /// <summary>What stands between two demonstrations and before the prompt: a blank line.</summary>
    public const string Separator = "\n\n";

    // MeZO draws the seed of each test example's own demonstrations below this number.
    private const uint Seeds = 10000;

    /// <summary>Demonstrations that all test examples share: the first rows of the seed's permutation of the training file.</summary>
    /// <param name="train">The training examples.</param>
    /// <param name="count">How many to take; fewer where there are fewer.</param>
    /// <param name="seed">A NumPy seed.</param>
    public static string Shared(IReadOnlyList<Example> train, int count, uint seed) =>
        string.Join(Separator, Sampling.Take(train.Count, count, seed).Select(i => Solved(train[i])));

    /// <summary>Demonstrations of their own for each test example, each from a seed that the seed draws.</summary>
    /// <param name="train">The training examples.</param>
    /// <param name="count">How many to take for each test example.</param>
    /// <param name="seed">A NumPy seed; 0 in MeZO.</param>
    /// <param name="examples">Test examples.</param>
    public static IReadOnlyList<string> PerExample(IReadOnlyList<Example> train, int count, uint seed, int examples)
    {
        var random = new NumPyRandom(seed);
        string[] result = new string[examples];
        for (int i = 0; i < examples; i++)
        {
            result[i] = Shared(train, count, random.NextInterval(Seeds - 1));
        }

        return result;
    }

    private static string Solved(Example example) => example.Verbalized[example.Correct].Trim();
}
