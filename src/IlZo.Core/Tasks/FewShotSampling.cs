namespace IlZo.Tasks;

/// <summary>
/// The sampling of LM-BFF's and MeZO's few-shot experiments (princeton-nlp/MeZO, <c>medium_models/tools/generate_k_shot_data.py</c>):
/// k examples of each class to train on and k others of each class as dev examples.
/// </summary>
internal static class FewShotSampling
{
    /// <summary>The seed by which the published experiments choose test rows, whatever the seed of the training rows is.</summary>
    public const uint TestSeed = 42;

    /// <summary>Draws examples of every class from NumPy's permutation of the rows.</summary>
    /// <param name="available">Rows to draw from.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="classOf">The class of a row; asked only until every class has its examples.</param>
    /// <param name="shots">Training examples of each class, at least 1; fewer where there are fewer.</param>
    /// <param name="dev">Dev examples of each class, which come after the training examples.</param>
    /// <param name="seed">A NumPy seed; see <see cref="NumPyRandom"/>.</param>
    /// <returns>Indices of rows, class by class in the order in which the permutation meets the classes.</returns>
    public static (int[] Train, int[] Dev) Draw(int available, int classes, Func<int, int> classOf, int shots, int dev, uint seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shots, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(dev);
        long wanted = (long)shots + dev;
        var drawn = new List<int>[classes];
        var order = new List<List<int>>();
        int full = 0;
        foreach (int row in new NumPyRandom(seed).Permutation(available))
        {
            int c = classOf(row);
            if (drawn[c] is null)
            {
                order.Add(drawn[c] = []);
            }

            if (drawn[c].Count < wanted)
            {
                drawn[c].Add(row);
                full += drawn[c].Count == wanted ? 1 : 0;
            }

            if (full == classes)
            {
                break;
            }
        }

        return ([.. order.SelectMany(rows => rows.Take(shots))], [.. order.SelectMany(rows => rows.Skip(shots))]);
    }
}
