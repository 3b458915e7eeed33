# The answers of farrington.jsonl: R -s -f farrington.R < farrington.jsonl (R 4.2.2, surveillance 1.20.3, jsonlite 1.8.4).
# The series are simulated (negative binomial, with season, trend and outbreaks); none comes from a package.
suppressMessages({library(surveillance); library(jsonlite)})
keys <- c(b = "b", w = "w", no_periods = "noPeriods", weights_threshold = "weightsThreshold",
  past_weeks_not_included = "pastWeeksNotIncluded", p_threshold_trend = "pThresholdTrend", trend = "trend",
  threshold_method = "thresholdMethod", alpha = "alpha", reweight = "reweight", power_transform = "powertrans",
  limit54 = "limit54")
input <- file("stdin")
lines <- readLines(input)
close(input)
for (line in lines) {
  request <- fromJSON(line)$request
  control <- list(range = request$range[1]:request$range[2], glmWarnings = FALSE)
  for (key in intersect(names(keys), names(request))) control[[keys[[key]]]] <- request[[key]]
  arguments <- list(observed = request$counts, start = request$start, frequency = request$frequency)
  if (!is.null(request$population)) {
    arguments$population <- matrix(request$population, ncol = 1)
    control$populationOffset <- TRUE
  }
  found <- suppressWarnings(farringtonFlexible(do.call(sts, arguments), control))
  finite <- function(x) { x <- signif(as.numeric(x), 12); x[!is.finite(x)] <- NA; x }
  answer <- list(expected = finite(found@control$expected), upperbound = finite(found@upperbound),
    score = finite(found@control$score), pvalue = finite(found@control$pvalue), alarm = as.logical(found@alarm))
  cat(toJSON(answer, digits = NA, na = "null"), "\n", sep = "")
}
