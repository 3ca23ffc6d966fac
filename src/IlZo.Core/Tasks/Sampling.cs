namespace IlZo.Tasks;

/// <summary>Which rows a run uses.</summary>
/// <param name="Train">Indices into the training file, in the order drawn.</param>
/// <param name="Dev">Indices into the dev file where there is one, else into the training file, none of them in
/// <paramref name="Train"/>.</param>
/// <param name="Test">Indices into the validation file.</param>
internal sealed record DataSplit(int[] Train, int[] Dev, int[] Test);

/// <summary>
/// The sampling of MeZO's large-model experiments (princeton-nlp/MeZO, <c>large_models/tasks.py</c> and <c>run.py</c>).
/// </summary>
internal static class Sampling
{
    /// <summary>Training examples of the published protocol.</summary>
    public const int DefaultTrain = 1000;

    /// <summary>Test examples of the published protocol.</summary>
    public const int DefaultTest = 1000;

    /// <summary>
    /// Draws the rows of a run. The first <paramref name="train"/> + <paramref name="dev"/> rows of a permutation of the training
    /// file are taken; the last <paramref name="dev"/> of these are dev, the rest train. Dev takes its full share even where the
    /// file is too small for both (WSC: 554 rows give 54 train and 500 dev). Test rows are the first <paramref name="test"/> of a
    /// permutation, from the same seed, of the validation file, or all of it where it is smaller.
    /// </summary>
    /// <param name="trainAvailable">Examples of the training file.</param>
    /// <param name="validationAvailable">Examples of the validation file.</param>
    /// <param name="train">Training examples wanted, at least 1.</param>
    /// <param name="dev">Dev examples wanted, 0 or more.</param>
    /// <param name="test">Test examples wanted, 0 or more.</param>
    /// <param name="seed">A NumPy seed; see <see cref="NumPyRandom"/>.</param>
    /// <exception cref="InvalidInputException">The dev examples would leave nothing to train on.</exception>
    public static DataSplit Split(int trainAvailable, int validationAvailable, int train, int dev, int test, uint seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trainAvailable);
        ArgumentOutOfRangeException.ThrowIfNegative(validationAvailable);
        ArgumentOutOfRangeException.ThrowIfLessThan(train, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(dev);
        ArgumentOutOfRangeException.ThrowIfNegative(test);
        if (trainAvailable <= dev)
        {
            throw new InvalidInputException(
                $"The training file has {trainAvailable} examples and {dev} of them are to be dev examples: "
                + "expected fewer dev examples than there are rows, so that some remain to train on.");
        }

        int taken = (int)Math.Min((long)train + dev, trainAvailable);
        int[] order = new NumPyRandom(seed).Permutation(trainAvailable);
        return new DataSplit(
            order[..(taken - dev)],
            order[(taken - dev)..taken],
            Take(validationAvailable, test, seed));
    }

    /// <summary>The first rows of a permutation of a file, or all of them where it is smaller.</summary>
    /// <param name="available">Examples of the file.</param>
    /// <param name="wanted">Examples to take.</param>
    /// <param name="seed">A NumPy seed.</param>
    public static int[] Take(int available, int wanted, uint seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(available);
        ArgumentOutOfRangeException.ThrowIfNegative(wanted);
        return new NumPyRandom(seed).Permutation(available)[..Math.Min(wanted, available)];
    }
}
