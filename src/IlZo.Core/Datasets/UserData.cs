using IlZo.Files;
using IlZo.Tasks;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>How to read a user's own data; see docs/data.md.</summary>
/// <param name="Path">A file, or a folder with a file per split.</param>
/// <param name="MaxLength">The maximum number of tokens in an example.</param>
/// <param name="WindowLength">The maximum number of tokens in a part of a text.</param>
/// <param name="Seed">The seed for selecting rows.</param>
internal sealed record UserDataOptions(string Path, int MaxLength, int WindowLength, uint Seed)
{
    /// <summary>Rows to train on; null for all that remain.</summary>
    public int? TrainSize { get; init; }

    /// <summary>Dev rows; null for a tenth of the training file, at most <see cref="UserData.MaxDev"/>, or all of a dev file.</summary>
    public int? DevSize { get; init; }

    /// <summary>Test rows; null for a tenth of the training file, at most <see cref="UserData.MaxTest"/>, or all of a test file.</summary>
    public int? TestSize { get; init; }

    /// <summary>Whether to train on prompts as well.</summary>
    public bool TrainOnPrompt { get; init; }

    /// <summary>Whether to train on only the last turn of a conversation.</summary>
    public bool MaskHistory { get; init; }

    /// <summary>Whether special tokens written in texts are treated as ordinary letters; those in conversations never are.</summary>
    public bool SplitSpecialTokens { get; init; }

    /// <summary>Maps columns to the expected ones, as in <c>prompt=Question,completion=Answer</c>; null for no mapping.</summary>
    public string? Columns { get; init; }

    /// <summary>Whether to skip unusable rows instead of ending the work.</summary>
    public bool SkipBadRows { get; init; }
}

/// <summary>A user's own data as examples of the language-model objective.</summary>
/// <param name="Train">Examples to train on.</param>
/// <param name="Dev">Examples that decide which checkpoint is kept.</param>
/// <param name="Test">Examples on which the result is measured.</param>
/// <param name="SkippedRows">Rows that were left out.</param>
/// <param name="FirstProblem">What was wrong with the first of them.</param>
/// <param name="Notes">What else to report: unused columns and decisions taken, one sentence each.</param>
internal sealed record UserData(
    IReadOnlyList<EncodedExample> Train,
    IReadOnlyList<EncodedExample> Dev,
    IReadOnlyList<EncodedExample> Test,
    int SkippedRows,
    string? FirstProblem,
    IReadOnlyList<string> Notes)
{
    /// <summary>The value of <c>--task</c> that selects them.</summary>
    public const string TaskName = "data";

    /// <summary>The maximum default number of dev rows.</summary>
    public const int MaxDev = 500;

    /// <summary>The maximum default number of test rows.</summary>
    public const int MaxTest = 1000;

    /// <summary>Reads data for training.</summary>
    /// <param name="options">What to read.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">Provides the chat template; called only if there are conversations.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">A file or a row cannot be used, or there are too few rows.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static UserData Load(
        UserDataOptions options, ITokenizer tokenizer, Func<ChatTemplate> template, CancellationToken cancellation = default)
    {
        var files = DataFiles.Find(options.Path);
        if (files.Train is [])
        {
            throw files.NothingFound(
                "no train file; train.jsonl, train.csv, train.parquet or data/train-00000-of-00001.parquet was expected");
        }

        var reader = new Reader(options, tokenizer, template, files.Others, cancellation);
        return Divide(options, reader, reader.Read(files.Train), files);
    }

    /// <summary>Takes rows from memory, as <see cref="Load"/> takes them from files.</summary>
    internal static UserData Of(
        IEnumerable<DataRow> rows, UserDataOptions options, ITokenizer tokenizer, Func<ChatTemplate> template,
        CancellationToken cancellation)
    {
        var reader = new Reader(options, tokenizer, template, [], cancellation);
        return Divide(options, reader, reader.Encode(rows), new DataFiles(options.Path, [], [], [], []));
    }

    private static UserData Divide(UserDataOptions options, Reader reader, List<EncodedExample[]> rows, DataFiles files)
    {
        int dev = files.Dev is [] ? options.DevSize ?? Share(rows.Count, MaxDev) : 0;
        int test = files.Test is [] ? options.TestSize ?? Share(rows.Count, MaxTest) : 0;
        if ((long)dev + test >= rows.Count)
        {
            throw new InvalidInputException(
                $"{options.Path}: has {rows.Count} examples, and {dev} of them are to be dev and {test} test examples; "
                + $"more rows or smaller {Setting.DevSize} and {Setting.TestSize} were expected, so that some remain to train on.");
        }

        // From the end, so that --train-size does not change what is measured.
        int[] order = new NumPyRandom(options.Seed).Permutation(rows.Count);
        return new UserData(
            Examples(rows, order[..Math.Min(options.TrainSize ?? int.MaxValue, rows.Count - dev - test)]),
            files.Dev is not [] ? reader.Draw(files.Dev, options.DevSize) : Examples(rows, order[^(dev + test)..^test]),
            files.Test is not [] ? reader.Draw(files.Test, options.TestSize) : Examples(rows, order[^test..]),
            reader.Problems.Count,
            reader.Problems.First,
            reader.Notes);
    }

    /// <summary>Reads data for evaluation: all rows of a file, or the test file of a folder, or its dev file if there is none.</summary>
    /// <inheritdoc cref="Load"/>
    public static UserData LoadTest(
        UserDataOptions options, ITokenizer tokenizer, Func<ChatTemplate> template, CancellationToken cancellation = default)
    {
        var files = DataFiles.Find(options.Path);
        var paths = File.Exists(options.Path) ? files.Train : files.Test is not [] ? files.Test : files.Dev;
        if (paths is [])
        {
            throw files.NothingFound("neither a test nor a validation file; one of them was expected to measure on");
        }

        var reader = new Reader(options, tokenizer, template, files.Others, cancellation);
        var test = reader.Draw(paths, options.TestSize);
        return new UserData([], [], test, reader.Problems.Count, reader.Problems.First, reader.Notes);
    }

    private static int Share(int rows, int limit) => Math.Min(limit, Math.Max(1, rows / 10));

    private static EncodedExample[] Examples(List<EncodedExample[]> rows, int[] indices) => [.. indices.SelectMany(i => rows[i])];

    private sealed class Reader
    {
        private readonly RowNotes _notes = new();
        private readonly ColumnMap _columns;
        private readonly RowEncoder _encoder;
        private readonly UserDataOptions _options;

        public Reader(
            UserDataOptions options,
            ITokenizer tokenizer,
            Func<ChatTemplate> template,
            IReadOnlyList<string> unusedFiles,
            CancellationToken cancellation)
        {
            _options = options;
            _columns = new ColumnMap(options.Columns, RowForms.Columns);
            var encoding = new RowEncoding(options.MaxLength, options.WindowLength)
            {
                TrainOnPrompt = options.TrainOnPrompt,
                SplitSpecialTokens = options.SplitSpecialTokens,
                Columns = _columns,
            };
            var chat = new Lazy<ChatRenderer>(() => new ChatRenderer(template(), options.MaskHistory, cancellation));
            _encoder = new RowEncoder(tokenizer, encoding, chat, _notes, cancellation);
            Problems = new RowProblems(options.SkipBadRows);
            if (unusedFiles is not [])
            {
                _notes.Say($"unused files: {string.Join(", ", unusedFiles)}");
            }
        }

        public RowProblems Problems { get; }

        public IReadOnlyList<string> Notes => _notes.Sentences();

        public EncodedExample[] Draw(IReadOnlyList<string> paths, int? wanted)
        {
            var rows = Read(paths);
            return Examples(rows, Sampling.Take(rows.Count, wanted ?? rows.Count, _options.Seed));
        }

        /// <summary>The examples of each row of files; of a plain text, each part is a row.</summary>
        public List<EncodedExample[]> Read(IReadOnlyList<string> paths)
        {
            List<EncodedExample[]> rows = [.. paths.SelectMany(path => TextFile.IsText(path) ? Windows(path) : Rows(path))];
            if (!paths.All(TextFile.IsText))
            {
                _columns.RequireSeen(paths is [var only] ? only : _options.Path);
            }

            return rows;
        }

        /// <summary>The examples of each row in memory.</summary>
        public List<EncodedExample[]> Encode(IEnumerable<DataRow> rows) => [.. rows.Select(_encoder.Encode)];

        private IEnumerable<EncodedExample[]> Windows(string path)
        {
            string text = TextFile.Read(path);
            return string.IsNullOrWhiteSpace(text)
                ? throw new InvalidInputException($"{path}: is empty; a file of text was expected.")
                : _encoder.Windows(text, path).Select(window => (EncodedExample[])[window]);
        }

        private List<EncodedExample[]> Rows(string path)
        {
            var rows = new List<EncodedExample[]>();
            int before = Problems.Count;
            using var source = RowSource.Open(path);
            if (source.Note is { } note)
            {
                _notes.Say(note);
            }

            while (TryNext(source, out var examples))
            {
                if (examples is not null)
                {
                    rows.Add(examples);
                }
            }

            return rows.Count > 0 ? rows
                : throw new InvalidInputException(
                    Problems.Count > before
                        ? $"{path}: no row can be used, of the first: {Problems.First}"
                        : $"{path}: holds no rows; at least one was expected.");
        }

        // False at the end; null examples stand for a row that is left out.
        private bool TryNext(RowSource source, out EncodedExample[]? examples)
        {
            long position = source.Position;
            examples = null;
            try
            {
                if (source.Next() is not { } row)
                {
                    return false;
                }

                examples = _encoder.Encode(row);
            }
            catch (InvalidInputException e) when (source.Position > position && Problems.Tolerates(e))
            {
            }

            return true;
        }
    }
}
