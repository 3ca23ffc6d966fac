using IlZo.Optimizers;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class TrajectoryTests : IDisposable
{
    private const int HeaderBytes = 48;
    private static readonly byte[] Fingerprint = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly TempFolder _temp = new();

    private string File => _temp["trajectory.bin"];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Appended_records_are_read_back_bit_for_bit()
    {
        StepRecord[] records =
        [
            .. Records(5),
            new() { Step = long.MaxValue, LearningRate = -0.0, Losses = [], Coefficients = [], Skipped = true },
            new() { Step = -1, LearningRate = double.Epsilon, Losses =
            [
                double.NaN, double.NegativeInfinity, BitConverter.Int64BitsToDouble(0x7ff8000000000123),
            ], Coefficients = new double[1000] },
        ];
        Write(records);

        var content = TrajectoryReader.ReadAll(File);

        Assert.Equal(records, content.Records);
        Assert.Equal(Fingerprint, content.Fingerprint);
        Assert.Equal(0, content.TornBytes);
        using var writer = TrajectoryWriter.Open(File, Fingerprint);
        Assert.Equal(records, Steps(writer));
        Assert.Equal((records.Length, 0), (writer.Count, writer.CutBytes));
    }

    [Fact]
    public void All_entries_are_read_back()
    {
        string hash = new string('a', 62) + "0f";
        LogEntry[] entries =
        [
            new EvaluationEntry(0, EvaluationSplit.Test, Evaluation.Logged(0.25, 3, 7, chooses: true, f1: null)),
            new EvaluationEntry(0, EvaluationSplit.Dev, Evaluation.Logged(-0.5, 1, 2, chooses: true, f1: 0.5)),
            new StepEntry(Records(1)[0], 4, 123456789012),
            new EvaluationEntry(1, EvaluationSplit.Dev, Evaluation.Logged(1.5, 0, 2, chooses: false, f1: null), hash),
            new SelectionEntry(0, hash),
            new EvaluationEntry(
                1, EvaluationSplit.Dev, With(Evaluation.Logged(0.5, 2, 4, chooses: true, f1: null), "macro_f1", 0.375), hash),
        ];
        using (var writer = TrajectoryWriter.Open(File, Fingerprint))
        {
            Array.ForEach(entries, writer.Append);
        }

        Assert.Equal(entries, TrajectoryReader.ReadAll(File).Entries);
    }

    [Theory]
    [InlineData("no_metric")]
    [InlineData("accuracy")]
    [InlineData("exact_match")]
    public void A_metric_that_is_none_or_comes_twice_is_not_read(string name)
    {
        byte[] payload = PayloadWithMacroF1();
        int at = payload.AsSpan().IndexOf("macro_f1"u8);
        Assert.NotNull(EntryPayload.Read(payload));
        byte[] other = [.. payload[..(at - 1)], (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name), .. payload[(at + 8)..]];
        Assert.Null(EntryPayload.Read(other));
    }

    [Fact]
    public void A_name_of_a_metric_that_is_too_long_is_not_read()
    {
        byte[] payload = PayloadWithMacroF1();
        payload[payload.AsSpan().IndexOf("macro_f1"u8) - 1] = 255;
        Assert.Null(EntryPayload.Read(payload));
    }

    [Fact]
    public void The_layout_is_the_documented_one()
    {
        using (var writer = TrajectoryWriter.Open(File, Fingerprint))
        {
            writer.Append(new StepEntry(
                new StepRecord { Step = 3, LearningRate = 0.5, Skipped = true, Losses = [1, 2], Coefficients = [-1] }, 2, 77));
        }

        byte[] bytes = System.IO.File.ReadAllBytes(File);

        Assert.Equal("ILZOTRJ1"u8, bytes.AsSpan(0, 8));
        Assert.Equal(2u, BitConverter.ToUInt32(bytes, 8));
        Assert.Equal(Fingerprint, bytes[12..44]);
        Assert.Equal(Crc(bytes[..44]), BitConverter.ToUInt32(bytes, 44));
        const int Payload = 4 + 8 + 8 + 4 + 8 + 8 + 4 + 4 + (3 * 8);
        Assert.Equal(HeaderBytes + 8 + Payload + 4, bytes.Length);
        Assert.Equal(((uint)Payload, ~(uint)Payload), (BitConverter.ToUInt32(bytes, 48), BitConverter.ToUInt32(bytes, 52)));
        Assert.Equal((1u, 3L, 0.5), (BitConverter.ToUInt32(bytes, 56), BitConverter.ToInt64(bytes, 60), BitConverter.ToDouble(bytes, 68)));
        Assert.Equal((1u, 2L, 77L), (BitConverter.ToUInt32(bytes, 76), BitConverter.ToInt64(bytes, 80), BitConverter.ToInt64(bytes, 88)));
        Assert.Equal((2u, 1u), (BitConverter.ToUInt32(bytes, 96), BitConverter.ToUInt32(bytes, 100)));
        Assert.Equal(
            (1.0, 2.0, -1.0), (BitConverter.ToDouble(bytes, 104), BitConverter.ToDouble(bytes, 112), BitConverter.ToDouble(bytes, 120)));
        Assert.Equal(Crc([.. new byte[8], .. bytes[44..48], .. bytes[48..^4]]), BitConverter.ToUInt32(bytes, bytes.Length - 4));

        // The usual check value of this CRC.
        Assert.Equal(0xcbf43926u, Crc("123456789"u8.ToArray()));
    }

    // The layout of version 1, as it was written.
    [Fact]
    public void Logs_of_version_1_are_read_and_later_ones_are_refused_by_number()
    {
        byte[] header = Framed([.. "ILZOTRJ1"u8, .. BitConverter.GetBytes(1), .. Fingerprint], []);
        byte[] entry = Framed(
            [
                .. BitConverter.GetBytes(28 + (3 * 8)), .. BitConverter.GetBytes(3L), .. BitConverter.GetBytes(0.5),
                .. BitConverter.GetBytes(1),
                .. BitConverter.GetBytes(2), .. BitConverter.GetBytes(1), .. BitConverter.GetBytes(1.0), .. BitConverter.GetBytes(2.0),
                .. BitConverter.GetBytes(-1.0),
            ],
            [.. new byte[8], .. header[^4..]]);
        System.IO.File.WriteAllBytes(File, [.. header, .. entry]);
        var content = TrajectoryReader.ReadAll(File);
        Assert.Equal(1u, content.Version);
        Assert.Equal(
            [new StepRecord { Step = 3, LearningRate = 0.5, Skipped = true, Losses = [1, 2], Coefficients = [-1] }], content.Records);
        Assert.Contains(
            "version 1",
            Assert.Throws<InvalidInputException>(() => TrajectoryWriter.Open(File, Fingerprint)).Message,
            StringComparison.Ordinal);

        System.IO.File.WriteAllBytes(File, Framed([.. "ILZOTRJ1"u8, .. BitConverter.GetBytes(3), .. Fingerprint], []));
        Assert.Contains(
            "version 3", Assert.Throws<InvalidInputException>(() => TrajectoryReader.ReadAll(File)).Message, StringComparison.Ordinal);

        static byte[] Framed(byte[] bytes, byte[] seed) => [.. bytes, .. BitConverter.GetBytes(Crc([.. seed, .. bytes]))];
    }

    [Fact]
    public void An_entry_that_claims_more_than_the_file_holds_is_no_torn_one()
    {
        long[] ends = Write(Records(4));
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        bytes[ends[0] + 2] ^= 0x10;
        System.IO.File.WriteAllBytes(File, bytes);
        Assert.Contains(
            $"entry 1 at byte {ends[0]} ",
            Assert.Throws<InvalidInputException>(() => TrajectoryReader.ReadAll(File)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_cut_anywhere_gives_its_whole_records_and_can_be_continued()
    {
        var records = Records(4);
        long[] ends = Write(records);
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        for (int length = 0; length < bytes.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, bytes[..length]);
            var expected = records.Where((_, i) => ends[i] <= length).ToArray();
            long torn = length - (expected.Length == 0 ? HeaderBytes : ends[expected.Length - 1]);
            if (length >= HeaderBytes)
            {
                var content = TrajectoryReader.ReadAll(File);
                Assert.Equal(expected, content.Records);
                Assert.Equal(torn, content.TornBytes);
                Assert.Equal(length, new FileInfo(File).Length);
            }
            else
            {
                Assert.Throws<InvalidInputException>(() => TrajectoryReader.ReadAll(File));
            }

            using (var writer = TrajectoryWriter.Open(File, Fingerprint))
            {
                Assert.Equal(expected, Steps(writer));
                Assert.Equal(Math.Max(torn, 0), writer.CutBytes);
                foreach (var record in records[expected.Length..])
                {
                    writer.Append(new StepEntry(record));
                }

                Assert.Equal(records.Length, writer.Count);
            }

            Assert.Equal(bytes, System.IO.File.ReadAllBytes(File));
        }
    }

    [Fact]
    public void A_flipped_bit_is_never_read_as_other_records()
    {
        var records = Records(4);
        long[] ends = Write(records);
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] changed = [.. bytes];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            System.IO.File.WriteAllBytes(File, changed);

            // Before the last record damage is refused; there it cannot be told from a write that a crash interrupted.
            if (bit / 8 < ends[^2])
            {
                Assert.Throws<InvalidInputException>(() => TrajectoryWriter.Open(File, Fingerprint));
                Assert.Equal(changed, System.IO.File.ReadAllBytes(File));
            }
            else
            {
                StepRecord[]? read = null;
                try
                {
                    read = [.. TrajectoryReader.ReadAll(File).Records];
                }
                catch (InvalidInputException)
                {
                    // A length that contradicts the rest is no torn write.
                }

                Assert.True(read == null || read.SequenceEqual(records[..^1]));
            }
        }
    }

    [Fact]
    public void Damage_is_reported_with_its_place()
    {
        long[] ends = Write(Records(4));
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        bytes[ends[1] + 10] ^= 1;
        System.IO.File.WriteAllBytes(File, bytes);

        string message = Assert.Throws<InvalidInputException>(() => TrajectoryReader.ReadAll(File)).Message;

        Assert.Contains($"'{File}'", message, StringComparison.Ordinal);
        Assert.Contains($"entry 2 at byte {ends[1]} ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Moved_repeated_and_foreign_records_are_noticed()
    {
        // All records have one size, so that every exchange keeps the framing.
        var records =
            Enumerable.Range(0, 4).Select(i => new StepRecord { Step = i, LearningRate = 1, Losses = [i], Coefficients = [] }).ToArray();
        long[] ends = Write(records);
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        byte[] header = bytes[..HeaderBytes];
        byte[][] parts = [.. Enumerable.Range(0, 4).Select(i => bytes[(int)(i == 0 ? HeaderBytes : ends[i - 1])..(int)ends[i]])];
        byte[] otherHeader = WriteOther();

        Refused([.. header, .. parts[1], .. parts[0], .. parts[2], .. parts[3]]);
        Refused([.. header, .. parts[0], .. parts[0], .. parts[1], .. parts[2]]);
        Refused([.. header, .. parts[0], .. parts[2], .. parts[3]]);
        Refused([.. header, .. parts[1], .. parts[2]]);
        Refused([.. otherHeader, .. parts[0], .. parts[1]]);

        void Refused(byte[] content)
        {
            System.IO.File.WriteAllBytes(File, content);
            Assert.Throws<InvalidInputException>(() => TrajectoryReader.ReadAll(File));
        }

        byte[] WriteOther()
        {
            using (TrajectoryWriter.Open(_temp["other"], new byte[32]))
            {
            }

            return System.IO.File.ReadAllBytes(_temp["other"]);
        }
    }

    [Fact]
    public void Zeros_that_a_power_failure_left_are_a_torn_tail()
    {
        var records = Records(4);
        long[] ends = Write(records);
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        for (int from = (int)ends[1]; from <= bytes.Length; from++)
        {
            byte[] changed = [.. bytes[..from], .. new byte[bytes.Length - from + 100]];
            System.IO.File.WriteAllBytes(File, changed);

            // A checksum may end in zeros, so a record may be whole before its last byte is reached.
            int whole = Enumerable.Range(0, 4).Count(i => changed.AsSpan(0, (int)ends[i]).SequenceEqual(bytes.AsSpan(0, (int)ends[i])));
            using var writer = TrajectoryWriter.Open(File, Fingerprint);
            Assert.Equal(records[..whole], Steps(writer));
            Assert.Equal(ends[whole - 1], new FileInfo(File).Length);
        }
    }

    [Fact]
    public void Another_configuration_is_refused_and_the_file_kept()
    {
        Write(Records(2));
        byte[] before = System.IO.File.ReadAllBytes(File);
        byte[] other = [.. Fingerprint];
        other[31] ^= 1;

        Assert.Contains(
            "another configuration",
            Assert.Throws<InvalidInputException>(() => TrajectoryWriter.Open(File, other)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TrajectoryWriter.Open(File, other.AsSpan(1)));
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
    }

    [Theory]
    [InlineData("some text")]
    [InlineData("some text that is longer than the header of a run log has to be at the least")]
    public void Other_files_are_refused_and_kept(string content)
    {
        System.IO.File.WriteAllText(File, content);

        Assert.Throws<InvalidInputException>(() => TrajectoryWriter.Open(File, Fingerprint));
        Assert.Throws<InvalidInputException>(() => TrajectoryReader.ReadAll(File));
        Assert.Equal(content, System.IO.File.ReadAllText(File));
        Assert.Throws<InvalidInputException>(() => TrajectoryReader.ReadAll(_temp["none"]));
    }

    [Fact]
    public void There_is_one_writer_and_readers_meanwhile()
    {
        var records = Records(2);
        using (var writer = TrajectoryWriter.Open(File, Fingerprint))
        {
            writer.Append(new StepEntry(records[0]));
            Assert.Contains(
                "another run",
                Assert.Throws<InvalidInputException>(() => TrajectoryWriter.Open(File, Fingerprint)).Message,
                StringComparison.Ordinal);
            Assert.Equal(records[..1], TrajectoryReader.ReadAll(File).Records);
            writer.Append(new StepEntry(records[1]));
            writer.Flush(toDisk: true);
            Assert.Equal(records, TrajectoryReader.ReadAll(File).Records);
            Assert.Empty(writer.Entries);
        }

        using var next = TrajectoryWriter.Open(File, Fingerprint);
        Assert.Equal(records, Steps(next));
    }

    [Fact]
    public void A_refused_file_is_not_left_locked()
    {
        System.IO.File.WriteAllText(File, "some text");
        Assert.Throws<InvalidInputException>(() => TrajectoryWriter.Open(File, Fingerprint));
        System.IO.File.Delete(File);

        using var writer = TrajectoryWriter.Open(File, Fingerprint);

        Assert.Empty(writer.Entries);
    }

    private static IEnumerable<StepRecord> Steps(TrajectoryWriter writer) => writer.Entries.Cast<StepEntry>().Select(e => e.Record);

    private static StepRecord[] Records(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new StepRecord
        {
            Step = i,
            Skipped = i == 2,
            LearningRate = 1e-3 / (i + 1),
            Losses = [.. Enumerable.Range(0, i + 1).Select(k => 2.5 + Math.Sqrt(k))],
            Coefficients = [.. Enumerable.Range(0, i).Select(k => -0.1 * k)],
        })];

    /// <summary>Writes a new log and returns where each record ends.</summary>
    private long[] Write(StepRecord[] records)
    {
        using var writer = TrajectoryWriter.Open(File, Fingerprint);
        return [.. records.Select(record =>
        {
            writer.Append(new StepEntry(record));
            return new FileInfo(File).Length;
        })];
    }

    /// <summary>CRC-32 bit by bit.</summary>
    private static uint Crc(byte[] bytes)
    {
        uint state = ~0u;
        foreach (byte value in bytes)
        {
            state ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                state = (state & 1) != 0 ? (state >> 1) ^ 0xedb88320u : state >> 1;
            }
        }

        return ~state;
    }

    private static Evaluation With(Evaluation evaluation, string metric, double value) =>
        evaluation with { Metrics = new([.. evaluation.Metrics, new MetricValue(MetricCatalog.Find(metric)!, value)]) };

    private static byte[] PayloadWithMacroF1()
    {
        using var memory = new MemoryStream();
        EntryPayload.Write(new BinaryWriter(memory), new EvaluationEntry(
            1, EvaluationSplit.Dev, With(Evaluation.Logged(0.5, 2, 4, chooses: true, f1: null), "macro_f1", 0.375)));
        return memory.ToArray();
    }
}
