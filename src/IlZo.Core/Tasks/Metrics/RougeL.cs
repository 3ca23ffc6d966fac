namespace IlZo.Tasks;

/// <summary>
/// ROUGE-L of generated answers: the harmonic mean of the shares of the words of the answer and of a gold one that their longest common
/// subsequence has, the largest over the gold ones. Words are runs of ASCII letters and digits in lower case, without stemming.
/// Source: Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries, section 3; google-research/google-research
/// rouge/rouge_scorer.py.
/// </summary>
internal sealed class RougeL : IExampleMetric
{
    public string Name => "rouge_l";

    public string Title => "ROUGE-L";

    public AnswerKind Judges => AnswerKind.Generated;

    public double Of(Prediction prediction)
    {
        string[] words = Words(prediction.Text ?? string.Empty);
        return prediction.Example.Answers.Max(answer => Of(words, Words(answer)));
    }

    private static double Of(string[] predicted, string[] gold)
    {
        int common = LongestCommonSubsequence(predicted, gold);
        return common == 0 ? 0 : 2.0 * common / (predicted.Length + gold.Length);
    }

    // Of the words so far and each beginning of the gold answer.
    private static int LongestCommonSubsequence(string[] a, string[] b)
    {
        int[] lengths = new int[b.Length + 1];
        foreach (string word in a)
        {
            int diagonal = 0;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = lengths[j];
                lengths[j] = word == b[j - 1] ? diagonal + 1 : Math.Max(above, lengths[j - 1]);
                diagonal = above;
            }
        }

        return lengths[^1];
    }

    private static string[] Words(
        string text) => new string([.. text.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')])
        .Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
