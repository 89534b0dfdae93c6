# The model of england.py by maximum likelihood: Rscript england.R glmmTMB|lme4 rows.csv
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[2])
rows$authority <- factor(rows$authority)
formula <- count ~ x * w + offset(log(exposure)) + (1 + x | authority)
if (arguments[1] == "glmmTMB") {
  fit <- glmmTMB::glmmTMB(formula, data = rows, family = glmmTMB::nbinom2())
} else {
  # lme4's negative binomial takes many times longer: this is the Poisson model.
  fit <- lme4::glmer(formula, data = rows, family = poisson())
}
print(summary(fit))
